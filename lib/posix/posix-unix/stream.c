/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stream sockets: bytes. What is sent joins the last message of the peer's queue if that has room and neither
 * carries control data, so many small writes take little memory, and one message is kept to be used
 * again: a question and its answer allocate nothing.
 */
#include "internal.h"

#define SMALL 512u          /* the least room of a message */
#define LARGE (64u * 1024u) /* the most */

/* ---- sending ---- */

/* A message with room for n bytes or for part of them. r->lock. */
static struct unix_msg *message(struct unix_sock *r, size_t n)
{
	struct unix_msg *m = r->spare;

	if (m && m->room >= n) {
		r->spare = NULL;
		return m;
	}
	return unix_msg_new(n < SMALL ? SMALL : UK_MIN(n, LARGE));
}

/* What must be in a message of its own. */
static inline bool special(const struct unix_msg *m)
{
	return m->rights || m->has_cred;
}

/* r->lock. As much as there is room for. `ctl`: what the first byte brings along; it is taken over. */
static ssize_t put(struct unix_sock *u, struct unix_sock *r, struct uk_iter *it,
		   struct unix_msg **ctl)
{
	struct unix_msg *m = r->last;
	size_t room, n;

	room = u->sndbuf > r->queued + MSG_COST ? u->sndbuf - r->queued - MSG_COST : 0;
	if (!r->queued)
		room = UK_MAX(room, (size_t)1);
	if (!room)
		return -EAGAIN;
	n = UK_MIN(room, it->left);
	if (!*ctl && m && m->len < m->room && !special(m)) {
		n = uk_iter_get(it, m->data + m->len, UK_MIN(n, m->room - m->len));
		if (n)
			unix_arrive_more(r, n, u);
		return n ? (ssize_t)n : -EFAULT;
	}
	m = message(r, n);
	if (!m)
		return -ENOBUFS;
	n = uk_iter_get(it, m->data, UK_MIN(n, m->room));
	if (!n) {
		unix_msg_free(m);
		return -EFAULT;
	}
	m->len = n;
	if (*ctl) {
		m->rights = (*ctl)->rights;
		m->has_cred = (*ctl)->has_cred;
		m->cred = (*ctl)->cred;
		(*ctl)->rights = NULL;
		uk_free(*ctl);
		*ctl = NULL;
	}
	unix_arrive(r, m, u);
	return (ssize_t)n;
}

static ssize_t send_all(struct unix_sock *u, struct unix_sock *r, struct uk_msg *m,
			struct unix_msg **ctl)
{
	uk_nsec deadline = uk_socket_deadline(m->flags, u->s.sndtimeo);
	ssize_t done = 0, n;

	do {
		uk_mutex_lock(&r->lock);
		if (r->closed || r->shut & SHUT_IN || u->shut & SHUT_OUT)
			n = -EPIPE;
		else
			n = m->it.left ? put(u, r, &m->it, ctl) : 0;
		uk_mutex_unlock(&r->lock);
		if (n == -EAGAIN) {
			n = unix_wait_room(r, u, 1, deadline);
			if (n)
				break;
			continue;
		}
		if (n < 0)
			break;
		done += n;
	} while (m->it.left);
	return done ? done : n;
}

ssize_t unix_stream_send(struct uk_socket *s, struct uk_msg *m)
{
	struct unix_sock *u = unix_of(s), *peer;
	struct unix_msg *ctl = NULL;
	ssize_t rc;

	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name_len)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (UK_UNLIKELY(m->control_len)) {
		ctl = unix_msg_new(0);
		rc = ctl ? unix_send_control(m, ctl) : -ENOBUFS;
		if (rc) {
			if (ctl)
				unix_msg_free(ctl);
			return rc;
		}
	}
	peer = unix_peer(u);
	if (peer) {
		rc = send_all(u, peer, m, &ctl);
		unix_put(peer);
	} else {
		rc = -ENOTCONN;
	}
	if (UK_UNLIKELY(ctl))
		unix_msg_free(ctl);
	return rc;
}

/* ---- receiving ---- */

static void keep(struct unix_sock *u, struct unix_msg *m)
{
	if (u->spare || m->room != SMALL || special(m)) {
		unix_msg_free(m);
		return;
	}
	m->len = m->off = 0;
	u->spare = m;
}

/*
 * u->lock. Bytes of the messages that are there. Stops behind one with descriptors, and before one of which the
 * sender is another than that of what was taken. *done grows.
 */
static int get(struct unix_sock *u, struct uk_msg *to, size_t *done, bool *stop,
	       struct unix_rights **gone)
{
	const bool peek = to->flags & UK_MSG_PEEK;
	struct unix_msg *m = u->first, *next;
	int rc = 0;

	for (; m && to->it.left && !*stop && !rc; m = next) {
		size_t n;

		next = m->next;
		if (*done && u->passcred && m->has_cred)
			break;
		n = uk_iter_put(&to->it, m->data + m->off, UK_MIN(to->it.left, m->len - m->off));
		if (!n)
			return *done ? 0 : -EFAULT;
		*stop = m->rights;
		if (!*done || m->rights)
			rc = unix_tell_control(u, m, to, peek ? NULL : gone);
		*done += n;
		if (!peek) {
			m = unix_taken(u, n, false);
			if (!m)
				break;
			keep(u, m);
		}
	}
	return rc;
}

/* u->lock. Nothing was taken: why not? 0: the end, or nothing was asked for. */
static int nothing(struct unix_sock *u)
{
	int rc = uk_socket_take_error(&u->s);

	return rc ? rc : u->first || u->shut & SHUT_IN ? 0 : -EAGAIN;
}

ssize_t unix_stream_recv(struct uk_socket *s, struct uk_msg *m)
{
	struct unix_sock *u = unix_of(s);
	uk_nsec deadline = uk_socket_deadline(m->flags, s->rcvtimeo);
	size_t done = 0, want = m->flags & UK_MSG_WAITALL ? m->it.left : u->rcvlowat;
	struct unix_rights *gone = NULL;
	bool stop = false;
	int rc;

	if (u->state != UNIX_CONNECTED)
		return -EINVAL;
	if (m->flags & UK_MSG_OOB)
		return -EOPNOTSUPP;
	want = UK_MAX(UK_MIN(want, m->it.left), (size_t)1);
	for (;;) {
		uk_mutex_lock(&u->lock);
		rc = get(u, m, &done, &stop, &gone);
		if (!rc && done < want && !stop)
			rc = nothing(u);
		else
			stop = true;
		uk_mutex_unlock(&u->lock);
		if (stop || rc != -EAGAIN || m->flags & UK_MSG_PEEK & -!!done)
			break;
		rc = uk_socket_wait(s, UK_POLLIN | UK_POLLERR | UK_POLLHUP, deadline);
		if (rc)
			break;
	}
	unix_rights_free(gone);
	return done ? (ssize_t)done : rc;
}
