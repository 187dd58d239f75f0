/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listen, connect, accept. A connection exists when connect() returns: its other end waits in the
 * listener's queue, and what is sent to it meanwhile waits there.
 */
#include "internal.h"

int unix_listen(struct uk_socket *s, int backlog)
{
	struct unix_sock *u = unix_of(s);
	int rc = 0;

	uk_mutex_lock(&u->lock);
	if (!u->name || u->state == UNIX_CONNECTED) {
		rc = -EINVAL;
	} else {
		u->state = UNIX_LISTENING;
		s->listening = true;
		u->backlog = (unsigned)backlog;
		unix_my_cred(&u->cred);
		uk_event_clear(&s->events, WRITABLE | UK_POLLHUP);
		uk_waitq_wake_all(&u->room);
	}
	uk_mutex_unlock(&u->lock);
	return rc;
}

/* ---- accepting ---- */

static struct unix_sock *next_waiting(struct unix_sock *u)
{
	struct unix_sock *c;

	uk_mutex_lock(&u->lock);
	c = u->waiting;
	if (c) {
		u->waiting = c->next_waiting;
		u->nwaiting--;
		if (!u->waiting)
			uk_event_clear(&u->s.events, UK_POLLIN);
		uk_waitq_wake_one(&u->room);
	}
	uk_mutex_unlock(&u->lock);
	return c;
}

int unix_accept(struct uk_socket *s, struct uk_file **f, unsigned flags,
		struct uk_abi_sockaddr_storage *addr, uint32_t *len)
{
	struct unix_sock *u = unix_of(s), *c, *peer;
	uk_nsec deadline = uk_socket_deadline(flags, s->rcvtimeo);
	int rc;

	if (u->state != UNIX_LISTENING)
		return -EINVAL;
	while (!(c = next_waiting(u))) {
		if (u->shut & SHUT_IN)
			return -EINVAL;
		rc = uk_socket_wait(s, UK_POLLIN, deadline);
		if (rc)
			return rc;
	}
	/* The queue's reference becomes the file's. */
	*f = uk_socket_file(&c->s,
			    s->type == UK_SOCK_STREAM ? &unix_stream_ops : &unix_seqpacket_ops);
	if (!*f) {
		unix_close(c);
		return -ENOMEM;
	}
	if (addr) {
		peer = unix_peer(c);
		*len = unix_name_tell(peer ? UK_READ_ONCE(peer->name) : NULL, addr);
		if (peer)
			unix_put(peer);
	}
	return 0;
}

void unix_refuse_waiting(struct unix_sock *waiting)
{
	struct unix_sock *next;

	for (; waiting; waiting = next) {
		next = waiting->next_waiting;
		unix_close(waiting);
	}
}

/* ---- connecting ---- */

/* The other end of a connection of `u` to `listener`. */
static struct unix_sock *other_end(struct unix_sock *u, struct unix_sock *listener)
{
	struct unix_sock *c = unix_new(u->s.type);

	if (!c)
		return NULL;
	c->state = UNIX_CONNECTED;
	c->s.events.ready = WRITABLE;
	c->passcred = listener->passcred;
	c->name = listener->name;
	uk_ref_get(&c->name->refs);
	unix_get(u);
	c->peer = u;
	unix_my_cred(&c->cred);
	return c;
}

static bool may_queue(const struct unix_sock *l)
{
	return uk_shared_get(l->nwaiting) <= uk_shared_get(l->backlog);
}

/* u->lock and listener->lock. 0; 1: full */
static int queue(struct unix_sock *u, struct unix_sock *listener, struct unix_sock *c)
{
	if (u->state == UNIX_CONNECTED)
		return -EISCONN;
	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (listener->closed || listener->state != UNIX_LISTENING || listener->shut & SHUT_IN)
		return -ECONNREFUSED;
	if (!may_queue(listener))
		return 1;
	if (listener->waiting)
		listener->waiting_last->next_waiting = c;
	else
		listener->waiting = c;
	listener->waiting_last = c;
	listener->nwaiting++;
	unix_get(c);
	uk_shared_set(u->peer, c);
	u->state = UNIX_CONNECTED;
	u->cred = listener->cred;
	u->shut = 0;
	uk_event_clear(&u->s.events, UK_POLLHUP);
	uk_event_set(&u->s.events, WRITABLE);
	uk_event_set(&listener->s.events, UK_POLLIN);
	return 0;
}

static int try_connect(struct unix_sock *u, struct unix_sock *listener, struct unix_sock *c)
{
	int rc;

	uk_mutex_lock(&u->lock);
	if (u == listener) {
		rc = u->state == UNIX_LISTENING ? -EINVAL : -ECONNREFUSED;
	} else {
		uk_mutex_lock(&listener->lock);
		rc = queue(u, listener, c);
		uk_mutex_unlock(&listener->lock);
	}
	uk_mutex_unlock(&u->lock);
	return rc;
}

static int connect_stream(struct unix_sock *u, const struct uk_abi_sockaddr_storage *addr,
			  uint32_t len, unsigned flags)
{
	uk_nsec deadline = uk_socket_deadline(flags, u->s.sndtimeo);
	struct unix_sock *listener, *c;
	int rc;

	for (;;) {
		listener = unix_find(addr, len, u->s.type);
		if (uk_is_err(listener))
			return (int)uk_ptr_err(listener);
		c = other_end(u, listener);
		rc = c ? try_connect(u, listener, c) : -ENOMEM;
		if (rc && c)
			unix_put(c);
		if (rc == 1 && deadline) {
			rc = UK_WAIT(&listener->room,
				     may_queue(listener) || uk_shared_get(listener->closed),
				     deadline);
			rc = rc == -ETIMEDOUT ? -EAGAIN : rc ? rc : 1;
		} else if (rc == 1) {
			rc = -EAGAIN;
		}
		unix_put(listener);
		if (rc != 1)
			return rc;
	}
}

/* Says whom to send to, and from whom to receive; AF_UNSPEC: nobody in particular. */
static int connect_dgram(struct unix_sock *u, const struct uk_abi_sockaddr_storage *addr,
			 uint32_t len)
{
	struct unix_sock *peer = NULL;

	if (len < sizeof(addr->ss_family))
		return -EINVAL;
	if (addr->ss_family != UK_AF_UNSPEC) {
		peer = unix_find(addr, len, u->s.type);
		if (uk_is_err(peer))
			return (int)uk_ptr_err(peer);
		if (uk_shared_get(peer->peer) && !unix_mutual(peer, u)) {
			unix_put(peer);
			return -EPERM;
		}
		unix_my_cred(&u->cred);
	}
	unix_set_peer(u, peer);
	return 0;
}

int unix_connect(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len,
		 unsigned flags)
{
	struct unix_sock *u = unix_of(s);

	return s->type == UK_SOCK_DGRAM ? connect_dgram(u, addr, len)
					: connect_stream(u, addr, len, flags);
}
