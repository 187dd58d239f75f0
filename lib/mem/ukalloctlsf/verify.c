/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A walk over the whole heap that checks the invariants of pool.c, for tests and for hunting bugs.
 * Linked only if somebody calls it.
 */
#include "tlsf.h"

#define CHECK(cond, b)                                                                             \
	do {                                                                                       \
		if (!(cond))                                                                       \
			uk_panic("heap: at %p (line %d): not so: %s", (void *)(uintptr_t)(b),      \
				 __LINE__, #cond);                                                 \
	} while (0)

struct sums {
	size_t total, taken, taken_blocks, free_blocks, cached_blocks;
};

static void verify_piece(struct tlsf *t, struct piece *p, struct sums *s)
{
	uintptr_t b = p->base + PIECE_FIRST, end = (uintptr_t)p;
	bool prev_free = false;
	uint64_t head;

	CHECK(*p->link == p, p);
	s->total += end + sizeof(*p) - p->base;
	for (;; b += head_size(head)) {
		head = head_get(t, b);
		CHECK(!(head & HEAD_CHECK), b);
		CHECK(!(head & HEAD_PREV_FREE) == !prev_free, b);
		if (b == end)
			break;
		CHECK(head_size(head) >= TLSF_BLOCK_MIN && head_size(head) <= end - b, b);
		if (head & HEAD_FREE) {
			CHECK(!prev_free, b);
			CHECK(*foot_before(b + head_size(head)) == head_size(head), b);
			s->free_blocks++;
		} else {
			CHECK(!(head & HEAD_LARGE) == (head_size(head) < TLSF_QUICK_END), b);
			s->taken += head_size(head);
			s->taken_blocks++;
			s->cached_blocks += !(head & HEAD_USED);
		}
		prev_free = head & HEAD_FREE;
	}
	CHECK(head_size(head) == 0 && (head & HEAD_USED), b);
}

static void verify_lists(struct tlsf *t, struct sums *s)
{
	size_t listed = 0, size;
	unsigned fl, sl, top;
	uintptr_t b, prev;

	for (fl = 0; fl < TLSF_FL; fl++) {
		CHECK(!(t->fl_map & 1UL << fl) == !t->sl_map[fl], fl);
		for (sl = 0; sl < TLSF_SL; sl++) {
			CHECK(!(t->sl_map[fl] & 1U << sl) == !tlsf_first(t, fl, sl), fl);
			for (prev = 0, b = tlsf_first(t, fl, sl); b; prev = b, b = *next_of(b)) {
				CHECK((head_get(t, b) & (HEAD_CHECK | HEAD_FREE)) == HEAD_FREE, b);
				CHECK(*prev_of(b) == prev, b);
				size = head_size(head_get(t, b));
				top = uk_fls(size);
				CHECK(fl == (size < TLSF_LINEAR ? 0 : top - 7), b);
				CHECK(sl == (fl ? size >> (top - 4) & 15 : size / 16), b);
				listed++;
			}
		}
	}
	CHECK(listed == s->free_blocks, listed);
}

static size_t verify_quick(struct tlsf *t, struct tlsf_cache *c)
{
	size_t listed = 0, i, n;
	uintptr_t b;

	for (i = TLSF_BLOCK_MIN / 16; i < UK_ARRAY_SIZE(c->quick); i++) {
		for (n = 0, b = c->quick[i].head; b != quick_last(t); n++, b = *next_of(b)) {
			CHECK(!(head_get(t, b) & HEAD_MUST_QUICK), b);
			CHECK(head_size(head_get(t, b)) == 16 * i, b);
		}
		CHECK((!n && !c->quick[i].room) ||
			      n == (size_t)(tlsf_quick_capacity(16 * i) - c->quick[i].room),
		      i);
		listed += n;
	}
#ifdef CONFIG_SMP
	if (c->reserve) {
		CHECK(!(head_get(t, c->reserve) & (HEAD_CHECK | HEAD_USED | HEAD_FREE)),
		      c->reserve);
		listed++;
	}
#endif
	return listed;
}

static void lock_caches(struct tlsf *t, bool lock)
{
	struct tlsf_cache *c;

	for (unsigned i = 0; i < UK_CPUS; i++) {
		c = tlsf_cache_at(t, i);
		if (c && lock) {
			uk_preempt_disable();
			tlsf_cache_acquire(c);
		} else if (c) {
			uk_spin_unlock(&c->lock);
		}
	}
}

void tlsf_verify(struct tlsf *t)
{
	struct sums s = { 0 };
	size_t cached = 0;
	struct piece *p;

	lock_caches(t, true);
	for (p = t->pieces; p; p = p->next)
		verify_piece(t, p, &s);
	CHECK(s.total == t->total, s.total);
#ifdef CONFIG_SMP
	s.taken -= t->own;
	s.taken_blocks -= t->own_blocks;
#endif
	CHECK(s.taken == t->taken, s.taken);
	CHECK(s.taken_blocks == t->taken_blocks, s.taken_blocks);
	verify_lists(t, &s);
	for (unsigned i = 0; i < UK_CPUS; i++)
		if (tlsf_cache_at(t, i))
			cached += verify_quick(t, tlsf_cache_at(t, i));
	CHECK(cached == s.cached_blocks, cached);
	lock_caches(t, false);
}
