/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending on a connection: bytes are copied once, into segments that stay until the other side has
 * acknowledged them.
 */
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

/* How much more may be queued now. */
static size_t room(const struct stream *st)
{
	const struct tcp_pcb *pcb = st->pcb;
	size_t n = pcb->snd_buf, used;

	if (UK_UNLIKELY(tcp_sndqueuelen(pcb) + 4 > TCP_SND_QUEUELEN))
		return 0;
	if (UK_UNLIKELY(st->sndbuf && st->sndbuf < TCP_SND_BUF)) {
		used = TCP_SND_BUF - n;
		return used < st->sndbuf ? st->sndbuf - used : 0;
	}
	return n;
}

#define PIECE 65000U /* lwIP counts a write in 16 bits */

/*
 * Queue some of the next n bytes of *it: how many; 0: there is no memory. Segments are as large as the device can cut, where that
 * helps; and one is filled from several pieces of memory, so that it lies in one.
 */
static size_t write_some(struct stream *st, struct uk_iter *it, size_t n, bool more)
{
	struct tcp_pcb *pcb = st->pcb;
	const u16_t mss = pcb->mss;
	u8_t flags = TCP_WRITE_FLAG_COPY;
	u16_t room;
	err_t err;

	n = UK_MIN(n, (size_t)PIECE);
	if (n > it->here || (st->packets > 1 && (n > mss || pcb->unsent))) {
		pcb->mss = segment_size(pcb, st->packets, &room);
		n = UK_MIN(n, (size_t)room);
	}
	if (more || n < it->left)
		flags |= TCP_WRITE_FLAG_MORE;
	err = tcp_write(pcb, it, (u16_t)n, flags);
	pcb->mss = mss;
	if (UK_UNLIKELY(err != ERR_OK))
		return 0;
	if (UK_LIKELY(n <= it->here))
		uk_iter_advance(it, n);
	else
		uk_iter_skip(it, n);
	return n;
}

/* Queue the next n bytes of *it; fewer if there is no memory. The last one is followed by nothing, unless `more`. */
static size_t queue(struct stream *st, struct uk_iter *it, size_t n, bool more)
{
	size_t done = 0, part;

	do {
		if (UK_UNLIKELY(!it->here) && !uk_iter_next(it))
			break;
		part = write_some(st, it, n - done, more);
		done += part;
	} while (part && done < n);
	return done;
}

void stream_push(struct stream *st, bool force)
{
	struct tcp_pcb *pcb = st->pcb;

	if (!pcb)
		return;
	/* A partial segment waits, but not for ever: lwIP's timer sends it within 200 ms. */
	if (UK_UNLIKELY(!force && pcb->unsent && !pcb->unsent->next && pcb->unsent->len < pcb->mss))
		return;
	tcp_output(pcb);
}

/* May this socket send? 0, -EAGAIN: not yet. */
static int may_send(struct stream *st)
{
	if (UK_UNLIKELY(st->s.error))
		return uk_socket_take_error(&st->s);
	if (UK_LIKELY(st->connected && st->pcb && !st->shut_wr))
		return 0;
	return st->connecting ? -EAGAIN : -EPIPE;
}

static ssize_t transmit(struct stream *st, struct uk_iter *it, unsigned flags)
{
	const uk_nsec deadline = uk_socket_deadline(flags, st->s.sndtimeo);
	size_t done = 0, n;
	int rc;

	for (;;) {
		rc = may_send(st);
		if (!rc) {
			n = room(st);
			if (UK_LIKELY(n)) {
				n = queue(st, it, UK_MIN(n, it->left), flags & UK_MSG_MORE);
				done += n;
				stream_push(st, !(st->cork || flags & UK_MSG_MORE));
			}
			if (UK_LIKELY(!it->left))
				return (ssize_t)done;
			if (n)
				continue; /* what went to ourselves may be acknowledged already */
			/* No room, or no memory for it, which comes back as segments are acknowledged. */
			if (!st->pcb->unacked && !st->pcb->unsent)
				return done ? (ssize_t)done : -ENOBUFS;
			tcp_output(st->pcb);
			uk_event_clear(&st->s.events, UK_POLLOUT);
			rc = -EAGAIN;
		}
		if (rc != -EAGAIN || !deadline)
			return done ? (ssize_t)done : rc;
		lwip_unlock();
		rc = uk_socket_wait(&st->s, UK_POLLOUT | UK_POLLERR | UK_POLLHUP, deadline);
		lwip_lock();
		if (rc)
			return done ? (ssize_t)done : rc;
	}
}

static bool good_control(const struct uk_msg *m)
{
	const struct uk_abi_cmsghdr *h;
	size_t pos = 0, len;

	while ((h = uk_cmsg_next(m, &pos, &len)))
		if (uk_is_err(h) || control_is_bad(h))
			return false;
	return true;
}

ssize_t stream_sendmsg(struct uk_socket *s, struct uk_msg *m)
{
	int rc;

	if (UK_UNLIKELY(m->flags & (UK_MSG_OOB | UK_MSG_FASTOPEN)))
		return -EOPNOTSUPP;
	LWIP_LOCKED();
	if (UK_UNLIKELY(m->control_len) && !good_control(m)) {
		rc = may_send(stream_of(s)); /* that is told first */
		return rc ? rc : -EINVAL;
	}
	return transmit(stream_of(s), &m->it, m->flags);
}

ssize_t stream_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	LWIP_LOCKED();
	return transmit(stream_of(f->priv), it, f->flags & UK_O_NONBLOCK ? UK_MSG_DONTWAIT : 0);
}
