/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket's queue of messages: what it takes, how much may be in it, and what poll says about it.
 *
 * The queue of a connection has one sender, the peer, whose bit OUT follows it: writable while at most half of
 * the sender's buffer is in use. A datagram socket that others send to without its being connected to
 * them takes so many messages.
 */
#include "internal.h"

#define SPARE_ROOM 512u /* the room of small messages; one that was read is kept for the next */

struct unix_msg *unix_msg_new(size_t room)
{
	struct unix_msg *m = uk_malloc(sizeof(*m) + room);

	if (m) {
		memset(m, 0, sizeof(*m));
		m->room = room;
	}
	return m;
}

void unix_msg_free(struct unix_msg *m)
{
	unix_rights_free(m->rights);
	unix_name_put(m->from);
	uk_free(m);
}

/* ---- room ---- */

static size_t cost(const struct unix_msg *m)
{
	return m->len - m->off + MSG_COST;
}

bool unix_has_room(const struct unix_sock *r, const struct unix_sock *sender, size_t n)
{
	size_t queued = uk_shared_get(r->queued);

	if (unix_mutual(r, sender) || r == sender)
		return !queued || queued + n + MSG_COST <= sender->sndbuf;
	return uk_shared_get(r->count) <= PACKETS_MAX;
}

/* r->lock. The bit OUT of the only sender. */
static void update_sender(struct unix_sock *r, struct unix_sock *sender)
{
	bool writable = 2 * r->queued <= sender->sndbuf;
	uint32_t ready = uk_event_ready(&sender->s.events);

	if (writable && !(ready & UK_POLLOUT))
		uk_event_set(&sender->s.events, WRITABLE);
	else if (!writable && ready & UK_POLLOUT)
		uk_event_clear(&sender->s.events, WRITABLE);
}

int unix_wait_room(struct unix_sock *r, struct unix_sock *sender, size_t n, uk_nsec deadline)
{
	int rc;

	if (!deadline)
		return -EAGAIN;
	rc = UK_WAIT(&r->room,
		     unix_has_room(r, sender, n) ||
			     (uk_shared_get(r->shut) | uk_shared_get(r->closed)) & SHUT_IN ||
			     uk_shared_get(sender->shut) & SHUT_OUT,
		     deadline);
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* ---- coming and going ---- */

void unix_arrive(struct unix_sock *r, struct unix_msg *m, struct unix_sock *sender)
{
	m->next = NULL;
	if (r->last)
		r->last->next = m;
	else
		r->first = m;
	r->last = m;
	uk_shared_set(r->count, r->count + 1);
	uk_shared_set(r->queued, r->queued + cost(m));
	if (sender && unix_mutual(r, sender))
		update_sender(r, sender);
	uk_event_set(&r->s.events, UK_POLLIN);
}

void unix_arrive_more(struct unix_sock *r, size_t n, struct unix_sock *sender)
{
	r->last->len += n;
	uk_shared_set(r->queued, r->queued + n);
	update_sender(r, sender);
	uk_event_set(&r->s.events, UK_POLLIN);
}

/* Those who send here without being sent to may go on. r->lock. */
static void tell_senders(struct unix_sock *r)
{
	struct unix_sock *sender;

	uk_list_for_each(sender, &r->senders, sender)
		uk_event_set(&sender->s.events, WRITABLE);
}

struct unix_msg *unix_taken(struct unix_sock *r, size_t n, bool whole)
{
	struct unix_msg *m = r->first;

	m->off += n;
	whole |= m->off == m->len;
	uk_shared_set(r->queued, r->queued - n - (whole ? cost(m) : 0));
	if (whole) {
		r->first = m->next;
		if (!r->first)
			r->last = NULL;
		uk_shared_set(r->count, r->count - 1);
		if (!r->first && !(r->shut & SHUT_IN))
			uk_event_clear(&r->s.events, UK_POLLIN);
		if (r->count == PACKETS_MAX)
			tell_senders(r);
	}
	if (r->peer)
		update_sender(r, r->peer);
	if (UK_UNLIKELY(!uk_waitq_nobody(&r->room)) && (2 * r->queued <= BUF_DEFAULT || !r->first))
		uk_waitq_wake_all(&r->room);
	return whole ? m : NULL;
}

/* ---- the end, and poll ---- */

void unix_shut(struct unix_sock *u, unsigned how)
{
	uint32_t bits = 0; /* OUT stays what it is, as on Linux: it tells of room */

	uk_shared_set(u->shut, u->shut | how);
	if (u->shut & SHUT_IN)
		bits |= UK_POLLIN | UK_POLLRDHUP;
	if (u->shut == SHUT_BOTH)
		bits |= UK_POLLHUP;
	uk_event_set(&u->s.events, bits);
	uk_waitq_wake_all(&u->room);
	if (u->peer)
		uk_waitq_wake_all(&u->peer->room);
}

void unix_poll(struct uk_file *f)
{
	struct unix_sock *u = unix_of(f->priv), *peer = unix_peer(u);

	if (!peer)
		return;
	if (!unix_mutual(peer, u)) {
		uk_mutex_lock(&peer->lock);
		if (peer->closed || unix_has_room(peer, u, 0))
			__atomic_or_fetch(&u->s.events.ready, WRITABLE, __ATOMIC_SEQ_CST);
		else
			uk_event_clear(&u->s.events, WRITABLE);
		uk_mutex_unlock(&peer->lock);
	}
	unix_put(peer);
}
