/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With several CPUs: blocks go between a CPU's quick lists and the pool many at a time. So the pool's lock
 * is taken seldom; and blocks that lie side by side are one CPU's, mostly. Taken one by one by two
 * CPUs in turn they would lie in turn, and each header would share its cache line with one that the
 * other CPU writes: malloc() and free() on two CPUs together took longer than on one.
 *
 * All with the pool's lock. Nobody but its holders, and this CPU, changes this CPU's quick lists.
 */
#include "tlsf.h"

/* The list, and how many more blocks it may get. */
static struct quick *list_of(struct tlsf *t, struct tlsf_cache *c, size_t size)
{
	struct quick *q = &c->quick[size / 16];

	if (q->head == quick_last(t))
		q->room = tlsf_quick_capacity(size); /* it may be new */
	return q;
}

/* How many blocks to take: one for the caller, the rest for the list. */
static size_t count(struct tlsf *t, size_t size)
{
	struct tlsf_cache *c = tlsf_cache_lock(t);
	int64_t room = list_of(t, c, size)->room;

	tlsf_cache_unlock(c);
	return (size_t)UK_MIN(tlsf_quick_capacity(size) / 2, room + 1);
}

uintptr_t tlsf_refill(struct tlsf *t, size_t size)
{
	size_t n = count(t, size), whole;
	struct tlsf_cache *c;
	uint64_t prev_free;
	struct quick *q;
	uintptr_t b, last;

	/* This may empty all quick lists, so no lock of theirs is held. */
	b = tlsf_take(t, n * size, TLSF_HEAD);
	if (!b || n == 1)
		return b;
	whole = head_size(head_get(t, b));
	prev_free = head_get(t, b) & HEAD_PREV_FREE;
	/* The last is the caller's: it may be longer, by what is too little for a block. */
	last = b + (n - 1) * size;
	whole -= (n - 1) * size;
	head_set(t, last, whole, HEAD_USED | tlsf_large_flag(whole));
	t->taken_blocks += n - 1;
	c = tlsf_cache_lock(t);
	q = list_of(t, c, size);
	q->room -= (int64_t)n - 1;
	for (uintptr_t p = last; p != b;) {
		p -= size;
		head_set(t, p, size, p == b ? prev_free : 0);
		*next_of(p) = q->head;
		q->head = p;
	}
	tlsf_cache_unlock(c);
	return last;
}

void tlsf_drain(struct tlsf *t, size_t size)
{
	struct tlsf_cache *c = tlsf_cache_lock(t);
	struct quick *q = list_of(t, c, size);

	if (!q->room)
		while (q->room < tlsf_quick_capacity(size) / 2)
			tlsf_give_quick(t, q);
	tlsf_cache_unlock(c);
}
