/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that others open: listen() and accept(). They wait in their listener's queue until somebody takes
 * them, and receive meanwhile.
 */
#include <lwip/priv/tcp_priv.h>
#include "internal.h"

void stream_offer(struct stream *st)
{
	struct stream *l = st->listener;

	*l->queue_end = st;
	l->queue_end = &st->next;
	l->queued++;
	uk_event_set(&l->s.events, UK_POLLIN);
}

static void inherit(struct stream *st, const struct stream *l)
{
	const size_t first = offsetof(struct stream, nodelay), end = offsetof(struct stream, local);

	memcpy((char *)st + first, (const char *)l + first, end - first);
	st->s.rcvtimeo = l->s.rcvtimeo;
	st->s.sndtimeo = l->s.sndtimeo;
}

/* Which of those that share the port: one and the same for the other side's port. */
static struct stream *pick(struct stream *l, const struct tcp_pcb *pcb)
{
	u32_t hash = ip_addr_get_ip4_u32(&pcb->remote_ip) ^ pcb->remote_port;
	struct stream *other;
	unsigned n = 1;

	for (other = l->sharing; other != l; other = other->sharing)
		n++;
	for (n = (hash * 0x9e3779b1U >> 16) % n; n; n--)
		l = l->sharing;
	return l;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct stream *l = arg, *st;

	if (err != ERR_OK || !pcb || !l)
		return ERR_VAL;
	if (UK_UNLIKELY(l->sharing != NULL))
		l = pick(l, pcb);
	st = stream_new(l->s.domain);
	if (!st)
		return ERR_MEM;
	st->listener = l;
	st->connected = true;
	inherit(st, l);
	st->s.events.ready = UK_POLLOUT;
	stream_attach(st, pcb);
	stream_note_addresses(st);
	if (l->nodelay)
		tcp_nagle_disable(pcb);
	stream_set_keepalive(st);
	pcb->ttl = st->ttl;
	pcb->tos = st->tos;
	tcp_backlog_delayed(pcb);
	st->deferred = l->defer_sec != 0;
	if (!st->deferred)
		stream_offer(st);
	return ERR_OK;
}

/* One that listens there already and shares it. */
static struct stream *find_sharer(const struct stream *st)
{
	struct tcp_pcb_listen *l;

	for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
		struct stream *other = l->callback_arg;

		if (other && other->reuse_port && st->reuse_port &&
		    l->local_port == st->pcb->local_port &&
		    IP_GET_TYPE(&l->local_ip) == IP_GET_TYPE(&st->pcb->local_ip) &&
		    ip_addr_cmp(&l->local_ip, &st->pcb->local_ip))
			return other;
	}
	return NULL;
}

/* lwIP has one pcb that listens at a port: further listeners join the first. */
static void join(struct stream *st, struct stream *first)
{
	struct tcp_pcb *pcb = st->pcb;

	stream_detach(st);
	tcp_close(pcb);
	st->pcb = first->pcb;
	if (!first->sharing)
		first->sharing = first;
	st->sharing = first->sharing;
	first->sharing = st;
}

static void leave(struct stream *st)
{
	struct stream *before = st->sharing;

	while (before->sharing != st)
		before = before->sharing;
	before->sharing = before == st->sharing ? NULL : st->sharing;
	st->sharing = NULL;
	if (st->pcb->callback_arg == st)
		tcp_arg(st->pcb, before);
}

static int start_listening(struct stream *st, int backlog)
{
	struct stream *first = find_sharer(st);
	struct tcp_pcb *pcb;
	err_t err;

	if (first) {
		join(st, first);
		return 0;
	}
	pcb = tcp_listen_with_backlog_and_err(st->pcb, UINT8_MAX, &err);
	if (!pcb)
		return err == ERR_USE ? -EADDRINUSE : -ENOBUFS;
	tcp_backlog_set(pcb, (u16_t)backlog);
	st->pcb = pcb;
	tcp_arg(pcb, st);
	tcp_accept(pcb, accepted);
	return 0;
}

UK_COLD int stream_listen(struct uk_socket *s, int backlog)
{
	struct stream *st = stream_of(s);
	int rc;

	LWIP_LOCKED();
	backlog = UK_MIN(UK_MAX(backlog, 1), 4096); /* Linux's net.core.somaxconn */
	if (st->connected || st->connecting)
		return -EINVAL;
	if (st->s.listening) {
		tcp_backlog_set(st->pcb, (u16_t)backlog);
		return 0;
	}
	rc = stream_need_pcb(st);
	if (!rc && !st->bound) {
		ip_addr_t any = st->pcb->local_ip;

		rc = stream_bind_to(st, &any, 0);
	}
	if (!rc && stream_conflict(st, &st->pcb->local_ip, st->pcb->local_port))
		rc = -EADDRINUSE;
	if (!rc)
		rc = start_listening(st, backlog);
	if (rc)
		return rc;
	st->backlog = (unsigned)backlog;
	st->s.listening = true;
	uk_event_clear(&st->s.events, UK_POLLOUT | UK_POLLHUP | UK_POLLERR);
	return 0;
}

/* The next in the queue, or NULL. */
static struct stream *take_accepted(struct stream *l)
{
	struct stream *st = l->queue;

	if (!st)
		return NULL;
	l->queue = st->next;
	if (!l->queue) {
		l->queue_end = &l->queue;
		if (l->s.listening)
			uk_event_clear(&l->s.events, UK_POLLIN);
	}
	l->queued--;
	st->next = NULL;
	st->listener = NULL;
	if (st->pcb)
		tcp_backlog_accepted(st->pcb);
	return st;
}

static void kill_accepted(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;

	stream_drop_received(st);
	if (pcb) {
		stream_detach(st);
		tcp_abort(pcb);
	}
	uk_free(st);
}

int stream_accept(struct uk_socket *s, struct uk_file **f, unsigned flags,
		  struct uk_abi_sockaddr_storage *addr, uint32_t *len)
{
	const uk_nsec deadline = uk_socket_deadline(flags, s->rcvtimeo);
	struct stream *l = stream_of(s), *st;
	int rc;

	LWIP_LOCKED();
	for (;;) {
		if (!s->listening)
			return -EINVAL;
		st = take_accepted(l);
		if (st)
			break;
		if (!deadline) {
			if (!lwip_work())
				return -EAGAIN;
			continue;
		}
		lwip_unlock();
		rc = uk_socket_wait(s, UK_POLLIN | UK_POLLHUP, deadline);
		lwip_lock();
		if (rc)
			return rc;
	}
	*f = stream_file(st);
	if (!*f) {
		kill_accepted(st);
		return -ENOBUFS;
	}
	if (addr)
		*len = (uint32_t)address_put(s->domain, addr, &st->peer, st->peer_port);
	return 0;
}

/* One that waits for its first byte (TCP_DEFER_ACCEPT). */
static struct stream *find_deferred(const struct stream *l)
{
	struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
		struct stream *st = pcb->callback_arg;

		if (pcb->recv == stream_received && st && st->deferred && st->listener == l)
			return st;
	}
	return NULL;
}

UK_COLD void stream_shut_listener(struct stream *st)
{
	struct tcp_pcb *pcb = st->pcb;
	struct stream *q;

	st->s.listening = false;
	while ((q = take_accepted(st)))
		kill_accepted(q);
	while ((q = find_deferred(st)))
		kill_accepted(q);
	if (st->sharing) {
		leave(st);
	} else {
		tcp_arg(pcb, NULL);
		tcp_close(pcb);
	}
	st->pcb = NULL;
}
