/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving on a connection. What lwIP hands over stays in its buffers until somebody reads it; the window
 * that the other side sees is what is left of TCP_WND.
 */
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

void stream_drop_received(struct stream *st)
{
	struct pbuf *p, *next;

	for (p = st->rx; p; p = next) {
		next = p->next;
		p->next = NULL;
		p->tot_len = p->len;
		pbuf_free(p);
	}
	st->rx = NULL;
	st->rx_end = &st->rx;
	st->rx_bytes = st->rx_skip = 0;
}

void stream_ended(struct stream *st)
{
	st->rx_eof = st->finished = true;
	uk_event_set(&st->s.events, UK_POLLIN | UK_POLLRDHUP | (st->shut_wr ? UK_POLLHUP : 0));
}

err_t stream_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct stream *st = arg;

	if (UK_UNLIKELY(!st)) {
		if (p) {
			tcp_recved(pcb, p->tot_len);
			pbuf_free(p);
		}
		return ERR_OK;
	}
	if (UK_UNLIKELY(!p)) {
		stream_ended(st);
		/* Both have finished: nothing that lwIP will tell, not even that the pcb is gone. */
		if (pcb->state == TIME_WAIT || pcb->state == CLOSING)
			stream_detach(st);
	} else if (UK_UNLIKELY(st->shut)) {
		pbuf_free(p);
		stream_abandon(st, ECONNRESET, true); /* nobody will take it */
		return ERR_ABRT;
	} else {
		st->rx_bytes += p->tot_len;
		*st->rx_end = p;
		while (p->next)
			p = p->next;
		st->rx_end = &p->next;
		uk_event_set(&st->s.events, UK_POLLIN);
		if (UK_UNLIKELY(st->quickack))
			tcp_ack_now(pcb);
	}
	if (UK_UNLIKELY(st->deferred)) {
		st->deferred = false;
		stream_offer(st);
	}
	return ERR_OK;
}

/* The first pbuf is read. */
static void next_pbuf(struct stream *st)
{
	struct pbuf *p = st->rx;

	st->rx = p->next;
	if (!st->rx)
		st->rx_end = &st->rx;
	st->rx_skip = 0;
	p->next = NULL;
	p->tot_len = p->len;
	pbuf_free(p);
}

/* Move what is there; `discard`: to nowhere. */
static size_t take_bytes(struct stream *st, struct uk_iter *it, bool discard)
{
	size_t done = 0;

	while (st->rx && it->left) {
		size_t n = UK_MIN(st->rx->len - st->rx_skip, it->left), moved = n;

		if (UK_UNLIKELY(discard))
			it->left -= n;
		else
			moved = uk_iter_put(it, (char *)st->rx->payload + st->rx_skip, n);
		st->rx_skip += (uint32_t)moved;
		done += moved;
		if (st->rx_skip == st->rx->len)
			next_pbuf(st);
		if (UK_UNLIKELY(moved < n))
			break;
	}
	st->rx_bytes -= (uint32_t)done;
	if (!st->rx && !st->rx_eof)
		uk_event_clear(&st->s.events, UK_POLLIN);
	return done;
}

static size_t peek_bytes(struct stream *st, struct uk_iter *it)
{
	uint32_t skip = st->rx_skip;
	const struct pbuf *p;
	size_t done = 0;

	for (p = st->rx; p && it->left; p = p->next) {
		size_t n = UK_MIN(p->len - skip, it->left);

		if (uk_iter_put(it, (const char *)p->payload + skip, n) < n)
			break;
		done += n;
		skip = 0;
	}
	return done;
}

/* The other side may send more. */
static void open_window(struct stream *st, size_t n)
{
	if (UK_UNLIKELY(!st->pcb))
		return;
	for (; UK_UNLIKELY(n > UINT16_MAX); n -= UINT16_MAX)
		tcp_recved(st->pcb, UINT16_MAX);
	tcp_recved(st->pcb, (u16_t)n);
}

/* Nothing is there: 0 at the end, an error, or -EAGAIN. */
static int nothing_there(struct stream *st)
{
	if (st->s.error && st->s.error != EPIPE)
		return uk_socket_take_error(&st->s);
	if (st->rx_eof)
		return 0;
	if (!st->connected)
		return st->connecting ? -EAGAIN : -ENOTCONN;
	return -EAGAIN;
}

static ssize_t receive(struct stream *st, struct uk_iter *it, unsigned flags)
{
	const uk_nsec deadline = uk_socket_deadline(flags, st->s.rcvtimeo);
	const size_t asked = it->left;
	size_t done = 0, n, enough = UK_MIN(UK_MAX(st->rcvlowat, 1U), asked);
	bool looked = false;
	int rc;

	if (flags & UK_MSG_WAITALL)
		enough = asked;
	for (;;) {
		if (st->rx) {
			if (UK_UNLIKELY(flags & UK_MSG_PEEK)) {
				if (st->rx_bytes >= enough || !deadline || st->rx_eof)
					return (ssize_t)peek_bytes(st, it);
			} else {
				n = take_bytes(st, it, flags & UK_MSG_TRUNC);
				open_window(st, n);
				done += n;
				if (UK_LIKELY(done >= enough || !n))
					return (ssize_t)done;
			}
		}
		rc = st->rx ? -EAGAIN : nothing_there(st);
		if (rc == -EAGAIN && !looked && !deadline) {
			looked = true; /* who never waits takes input here */
			if (lwip_work())
				continue;
		}
		if (rc != -EAGAIN || !deadline)
			return done ? (ssize_t)done : rc;
		if (st->rx) /* to be peeked at, and not enough: wait for more */
			uk_event_clear(&st->s.events, UK_POLLIN);
		lwip_unlock();
		rc = uk_socket_wait(&st->s, UK_POLLIN | UK_POLLHUP | UK_POLLERR, deadline);
		lwip_lock();
		if (rc)
			return done ? (ssize_t)done : rc;
	}
}

ssize_t stream_recvmsg(struct uk_socket *s, struct uk_msg *m)
{
	if (m->flags & UK_MSG_OOB)
		return -EINVAL;
	if (m->flags & UK_MSG_ERRQUEUE)
		return -EAGAIN;
	LWIP_LOCKED();
	return receive(stream_of(s), &m->it, m->flags);
}

ssize_t stream_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	if (!it->left)
		return 0;
	LWIP_LOCKED();
	return receive(stream_of(f->priv), it, f->flags & UK_O_NONBLOCK ? UK_MSG_DONTWAIT : 0);
}
