/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagram and packet sockets: messages keep their boundaries. A datagram names its receiver or goes to the
 * one that was connected; packets go to the other end of a connection.
 */
#include "internal.h"

/* The receiver with a reference, or an error pointer. */
static struct unix_sock *receiver(struct unix_sock *u, const struct uk_msg *m)
{
	struct unix_sock *r;

	if (m->name_len && u->s.type == UK_SOCK_DGRAM)
		return unix_find(m->name, m->name_len, UK_SOCK_DGRAM);
	r = unix_peer(u);
	return r ? r : uk_err_ptr(-ENOTCONN);
}

/* r->lock. 0, 1: no room, or why not. */
static int may_send(struct unix_sock *u, struct unix_sock *r, const struct unix_msg *m)
{
	if (u->shut & SHUT_OUT)
		return -EPIPE;
	if (r->closed)
		return u->s.type == UK_SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	if (r->shut & SHUT_IN)
		return -EPIPE;
	if (u->s.type == UK_SOCK_DGRAM && r->peer && r->peer != u)
		return -EPERM;
	return unix_has_room(r, u, m->len) ? 0 : 1;
}

static ssize_t deliver(struct unix_sock *u, struct unix_sock *r, struct unix_msg *m, unsigned flags)
{
	uk_nsec deadline = uk_socket_deadline(flags, u->s.sndtimeo);
	ssize_t n = (ssize_t)m->len;
	int rc;

	for (;;) {
		uk_mutex_lock(&r->lock);
		rc = may_send(u, r, m);
		if (!rc) {
			unix_arrive(r, m, u);
		}
		uk_mutex_unlock(&r->lock);
		if (rc <= 0)
			return rc ? rc : n;
		rc = unix_wait_room(r, u, m->len, deadline);
		if (rc)
			return rc;
	}
}

/* The bytes and all that goes with them. */
static int fill(struct unix_sock *u, struct uk_msg *from, struct unix_msg *m)
{
	if (uk_iter_get(&from->it, m->data, m->room) != m->room)
		return -EFAULT;
	m->len = m->room;
	m->from = UK_READ_ONCE(u->name);
	if (m->from)
		uk_ref_get(&m->from->refs);
	return from->control_len ? unix_send_control(from, m) : 0;
}

ssize_t unix_packet_send(struct uk_socket *s, struct uk_msg *from)
{
	struct unix_sock *u = unix_of(s), *r;
	struct unix_msg *m;
	ssize_t rc;

	if (from->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	if (s->type == UK_SOCK_SEQPACKET) {
		rc = uk_socket_take_error(s);
		if (rc)
			return rc;
		if (u->state != UNIX_CONNECTED)
			return -ENOTCONN;
	}
	r = receiver(u, from);
	if (uk_is_err(r))
		return uk_ptr_err(r);
	rc = -EMSGSIZE;
	m = from->it.left <= u->sndbuf - 32 ? unix_msg_new(from->it.left) : NULL;
	if (m) {
		rc = fill(u, from, m);
		if (!rc)
			rc = deliver(u, r, m, from->flags);
		if (rc < 0)
			unix_msg_free(m);
	} else if (from->it.left <= u->sndbuf - 32) {
		rc = -ENOBUFS;
	}
	/* The one that was connected is gone: it is forgotten. */
	if (rc == -ECONNREFUSED && !from->name_len && s->type == UK_SOCK_DGRAM)
		unix_set_peer(u, NULL);
	unix_put(r);
	return rc;
}

/* u->lock. The first message to the caller; *gone: to be freed. */
static ssize_t take(struct unix_sock *u, struct uk_msg *to, struct unix_msg **gone)
{
	const bool peek = to->flags & UK_MSG_PEEK;
	struct unix_msg *m = u->first;
	size_t n = UK_MIN(m->len, to->it.left), len = m->len;
	int rc = 0;

	if (n && uk_iter_put(&to->it, m->data, n) != n)
		return -EFAULT;
	if (n < len)
		to->out_flags |= UK_MSG_TRUNC;
	if (to->name)
		to->name_len = m->from ? unix_name_tell(m->from, to->name) : 0;
	rc = unix_tell_control(u, m, to, NULL);
	if (!peek)
		*gone = unix_taken(u, 0, true);
	if (rc)
		return rc;
	return (ssize_t)(to->flags & UK_MSG_TRUNC ? len : n);
}

ssize_t unix_packet_recv(struct uk_socket *s, struct uk_msg *to)
{
	struct unix_sock *u = unix_of(s);
	uk_nsec deadline = uk_socket_deadline(to->flags, s->rcvtimeo);
	ssize_t rc;

	if (s->type == UK_SOCK_SEQPACKET && u->state != UNIX_CONNECTED)
		return -ENOTCONN;
	if (to->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	for (;;) {
		struct unix_msg *gone = NULL;

		uk_mutex_lock(&u->lock);
		if (u->first) {
			rc = take(u, to, &gone);
			uk_mutex_unlock(&u->lock);
			if (gone)
				unix_msg_free(gone);
			return rc;
		}
		rc = uk_socket_take_error(s);
		if (!rc && !(u->shut & SHUT_IN))
			rc = -EAGAIN;
		uk_mutex_unlock(&u->lock);
		if (rc != -EAGAIN)
			return rc;
		rc = uk_socket_wait(s, UK_POLLIN | UK_POLLERR | UK_POLLHUP, deadline);
		if (rc)
			return rc;
	}
}
