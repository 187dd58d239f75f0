/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With several CPUs: blocks go between a CPU's quick lists and the pool many at a time, so the pool's lock
 * is taken seldom. And what a CPU takes comes out of a reserve of its own, so that blocks which
 * lie side by side are one CPU's, mostly: taken one by one by two CPUs in turn they would lie in turn, and
 * each header would share its cache line with one that the other CPU writes. malloc() and free() on
 * two CPUs together took longer than on one.
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

/* Cuts nobody's block b in two, the first of `size`. Returns the second. */
static uintptr_t cut(struct tlsf *t, uintptr_t b, size_t size)
{
	uint64_t head = head_get(t, b);
	size_t rest = head_size(head) - size;

	head_set(t, b + size, rest, tlsf_large_flag(rest));
	head_set(t, b, size, tlsf_large_flag(size) | (head & HEAD_PREV_FREE));
	t->taken_blocks++;
	return b + size;
}

/*
 * This CPU's reserve, at least `size` long, and taken from it; filled anew if it is too short, for `n` blocks of that size
 * if there is such a place; 0: no memory. Where the pool is in pieces they are used, however short. For this
 * the heap grows and no cache is emptied, or all would be again and again where what is in use and what they
 * hold fill it.
 */
static uintptr_t reserve(struct tlsf *t, struct tlsf_cache *c, size_t size, size_t n)
{
	uintptr_t b = c->reserve;

	if (b && head_size(head_get(t, b)) >= size) {
		c->reserve = 0;
		return b;
	}
	tlsf_give_reserve(t, c);
	b = tlsf_take_some(t, n * size, size, TLSF_RESERVE);
	if (b) {
		head_flip(b, HEAD_USED);
		t->slow_allocs--;
	}
	return b;
}

uintptr_t tlsf_refill(struct tlsf *t, size_t size)
{
	size_t n = count(t, size), found;
	struct tlsf_cache *c = UK_READ_ONCE(t->cache[uk_cpu()]);
	uintptr_t b = reserve(t, c, size, n), last;
	struct quick *q;

	if (!b)
		return 0;
	found = head_size(head_get(t, b));
	n = UK_MIN(n, found / size);
	if (found >= n * size + TLSF_BLOCK_MIN)
		c->reserve = cut(t, b, n * size);
	last = b;
	c = tlsf_cache_lock(t);
	q = list_of(t, c, size);
	for (; n > 1; n--) {
		last = cut(t, b, size);
		*next_of(b) = q->head;
		q->head = b;
		q->room--;
		b = last;
	}
	tlsf_cache_unlock(c);
	/* The last is the caller's: it may be longer, by what is too little for a block. */
	head_flip(last, HEAD_USED);
	t->slow_allocs++;
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
