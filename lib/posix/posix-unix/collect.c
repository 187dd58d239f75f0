/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets that are in messages, and what becomes of those that nobody can receive any more.
 *
 * Send a socket through itself, close it, and only a message in its own queue refers to it. So when a
 * socket goes while others are under way, or very many are, all of these are looked at: one whose references are all
 * from messages may be garbage. It is not if one of these messages is in a queue that somebody can
 * read: a queue of a socket that is no candidate, or of a candidate that is itself reached this way. The
 * queues of what is left are emptied, which closes it.
 *
 * `collecting` is held while a message is counted or no longer, so the picture holds still. Who looks a
 * descriptor up or receives one in the meantime adds a reference, and a socket that has more
 * than messages explain is no candidate.
 */
#include "internal.h"

#define COLLECT_AT 64u

static struct uk_mutex collecting;
static struct uk_list on_way = UK_LIST_INIT(on_way); /* struct unix_sock.on_way */
static unsigned n_on_way, collect_at = COLLECT_AT;

static struct unix_sock *socket_in(const struct uk_file *f)
{
	struct uk_socket *s = uk_socket_of(f);

	return s && s->domain == UK_AF_UNIX ? unix_of(s) : NULL;
}

static bool has_sockets(const struct unix_rights *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		if (socket_in(r->file[i]))
			return true;
	return false;
}

static void count(const struct unix_rights *r, bool in)
{
	unsigned i;

	uk_mutex_lock(&collecting);
	for (i = 0; i < r->n; i++) {
		struct unix_sock *u = socket_in(r->file[i]);

		if (!u)
			continue;
		if (in && !u->in_messages++) {
			uk_list_add_tail(&on_way, &u->on_way);
			n_on_way++;
		}
		if (!in && !--u->in_messages) {
			uk_list_del(&u->on_way);
			n_on_way--;
		}
	}
	uk_mutex_unlock(&collecting);
}

void unix_rights_leave(struct unix_rights *r)
{
	if (!has_sockets(r))
		return;
	r->counted = true;
	count(r, true);
	/* The last close of one that is in a message is not seen: so look now and then. */
	if (UK_READ_ONCE(n_on_way) >= UK_READ_ONCE(collect_at)) {
		unix_collect();
		UK_WRITE_ONCE(collect_at, UK_MAX(COLLECT_AT, 2 * UK_READ_ONCE(n_on_way)));
	}
}

void unix_rights_arrived(struct unix_rights *r)
{
	if (r->counted)
		count(r, false);
	r->counted = false;
}

/* ---- who can still be received ---- */

/* Calls fn for each candidate in the messages of u's queue. u->lock. */
static void each_in_queue(struct unix_sock *u, void (*fn)(struct unix_sock *))
{
	const struct unix_msg *m;
	struct unix_sock *v;
	unsigned i;

	for (m = u->first; m; m = m->next)
		for (i = 0; m->rights && i < m->rights->n; i++) {
			v = socket_in(m->rights->file[i]);
			if (v && v->candidate)
				fn(v);
		}
}

/* The same for all that is received through u: its queue, and connections that wait to be accepted. */
static void each_in(struct unix_sock *u, void (*fn)(struct unix_sock *))
{
	struct unix_sock *c;

	uk_mutex_lock(&u->lock);
	each_in_queue(u, fn);
	for (c = u->waiting; c; c = c->next_waiting) {
		uk_mutex_lock(&c->lock);
		each_in_queue(c, fn);
		uk_mutex_unlock(&c->lock);
	}
	uk_mutex_unlock(&u->lock);
}

static void explain(struct unix_sock *u)
{
	u->unexplained--;
}

/* Those that can be received and whose queues have not been looked through. collecting. */
static struct unix_sock *reached;

static void reach(struct unix_sock *u)
{
	u->candidate = false;
	u->next_reached = reached;
	reached = u;
}

/* Finds what is garbage: those that are left with `candidate`. collecting. */
static void look(void)
{
	struct unix_sock *u;

	uk_list_for_each(u, &on_way, on_way) {
		struct uk_file *f = u->s.file;

		u->candidate = f && __atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) == u->in_messages;
		u->unexplained = u->in_messages;
	}
	uk_list_for_each(u, &on_way, on_way)
		if (u->candidate)
			each_in(u, explain);
	uk_list_for_each(u, &on_way, on_way)
		if (u->candidate && u->unexplained)
			reach(u);
	while ((u = reached)) {
		reached = u->next_reached;
		each_in(u, reach);
	}
}

/* Take all messages out of the queues of u. */
static void empty(struct unix_sock *u, struct unix_msg **garbage)
{
	struct unix_msg *m, *next;

	uk_mutex_lock(&u->lock);
	m = u->first;
	u->first = u->last = NULL;
	u->queued = 0;
	u->count = 0;
	uk_mutex_unlock(&u->lock);
	for (; m; m = next) {
		next = m->next;
		m->next = *garbage;
		*garbage = m;
	}
}

void unix_collect(void)
{
	struct unix_msg *garbage = NULL, *next;
	struct unix_sock *u, *c;

	if (uk_list_empty(&on_way))
		return;
	uk_mutex_lock(&collecting);
	look();
	uk_list_for_each(u, &on_way, on_way) {
		if (!u->candidate)
			continue;
		empty(u, &garbage);
		for (c = u->waiting; c; c = c->next_waiting)
			empty(c, &garbage);
	}
	uk_mutex_unlock(&collecting);
	for (; garbage; garbage = next) {
		next = garbage->next;
		unix_msg_free(garbage);
	}
}
