/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default allocator: two-level segregated fit (Masmano, Ripoll, Crespo, Real: "TLSF: a new
 * dynamic memory allocator for real-time systems", ECRTS 2004), with quick lists in front.
 *
 * - Free blocks hang on lists by size class: powers of two (first level), each cut into 16 (second
 *   level). Two bitmaps find a list with a block that fits in constant time.
 * - Blocks know their neighbours (boundary tags), so that free ones merge at once.
 * - A small block that is freed goes onto a quick list of its exact size first and keeps its shape;
 *   the next request of that size takes it in about twenty instructions. Quick lists are short, and
 *   are merged back before the heap grows.
 * - Memory comes in pieces from the source. What lies idle in whole pages is cut out and returned,
 *   at once where it is much, else when frames run short (tlsf_trim).
 * - Every header is masked with a secret and its own address, and is verified before it is used:
 *   a double free, an overflow into the next header and a forged list link end in a panic.
 *
 * tlsf.h has the layout of a block, pool.c the two levels, batch.c what more CPUs need; here are the
 * operations.
 */
#include <uk/alloc_lock.h>
#include <uk/alloctlsf.h>
#include <uk/errno.h>
#include <uk/plat/random.h>
#include "tlsf.h"

UK_ALLOC_PROVIDER(ukalloctlsf);
UK_ALLOC_OPS(ukalloctlsf);

/* ---- the fast path ---- */

/*
 * Block size for a request: header added, rounded up to 16. For requests of up to 8 bytes that is
 * too little; there is no quick list of this size, and the slow path adjusts, which keeps a test
 * off here.
 */
static inline size_t size_for(size_t size)
{
	return (size + TLSF_HEAD + 15) & ~(size_t)15;
}

static inline struct quick *quick_of(struct tlsf_cache *c, size_t block_size)
{
	/* The same as &c->quick[block_size / 16], without shifting there and back. */
	return (struct quick *)((char *)c->quick + block_size);
}

static UK_COLD void *fail(struct tlsf *t)
{
	if (UK_CPUS > 1)
		__atomic_fetch_add(&t->failures, 1, __ATOMIC_RELAXED);
	else
		t->failures++;
	return uk_alloc_fail(&t->alloc);
}

UK_STATIC_ASSERT(TLSF_QUICK_END / 16 % 8 == 0, "by eights");

static void cache_init(struct tlsf *t, struct tlsf_cache *c)
{
	const struct quick empty = { quick_last(t), 0 }; /* room: see free_slow() */
	struct quick *q = c->quick;

	memset(c, 0, offsetof(struct tlsf_cache, quick));
	for (; q < c->quick + UK_ARRAY_SIZE(c->quick); q += 8) {
		q[0] = q[1] = q[2] = q[3] = empty;
		q[4] = q[5] = q[6] = q[7] = empty;
	}
}

/*
 * Quick lists of its own for a CPU that comes here for the first time, as long as there is memory. They
 * belong to the heap: nobody's blocks.
 */
static inline void cache_add(struct tlsf *t UK_UNUSED)
{
#ifdef CONFIG_SMP
	struct tlsf_cache **mine;
	struct tlsf_cache *c;

	uk_preempt_disable();
	mine = &t->cache[uk_cpu()];
	/* A heap that cannot grow is not spent on this. */
	if (UK_UNLIKELY(*mine == &t->first && uk_cpu() && t->alloc.source)) {
		tlsf_lock(t);
		c = (struct tlsf_cache *)
			tlsf_take(t, UK_MAX(size_for(sizeof(*c)), (size_t)TLSF_BLOCK_MIN), 64);
		if (c) {
			t->own += head_size(head_get(t, (uintptr_t)c));
			t->own_blocks++;
			t->taken -= head_size(head_get(t, (uintptr_t)c));
			t->taken_blocks--;
			t->slow_allocs--;
			cache_init(t, c);
			__atomic_store_n(mine, c, __ATOMIC_RELEASE);
		}
		tlsf_unlock(t);
	}
	uk_preempt_enable();
#endif
}

/* It was for 8 bytes or less; or the list's first block is corrupt. */
static inline bool is_cached(struct tlsf *t, size_t size)
{
	struct tlsf_cache *c = tlsf_cache_lock(t);
	uintptr_t b = quick_of(c, size)->head;

	if (UK_UNLIKELY(b != quick_last(t) && (head_get(t, b) & HEAD_MUST_QUICK)))
		tlsf_corrupt(t, b, "malloc");
	tlsf_cache_unlock(c);
	return b != quick_last(t);
}

static UK_NOINLINE void *malloc_slow(struct tlsf *t, size_t size)
{
	uintptr_t b;

	if (size > TLSF_REQUEST_MAX)
		return fail(t);
	size = UK_MAX(size_for(size), (size_t)TLSF_BLOCK_MIN);
	cache_add(t);
	if (size < TLSF_QUICK_END && is_cached(t, size))
		return ukalloctlsf_malloc(&t->alloc, size - TLSF_HEAD);
	tlsf_lock(t);
	b = UK_CPUS > 1 && size < TLSF_QUICK_END ? tlsf_refill(t, size) : 0;
	if (!b)
		b = tlsf_take(t, size, TLSF_HEAD);
	tlsf_unlock(t);
	return b ? (void *)b : fail(t);
}

void *ukalloctlsf_malloc(struct uk_alloc *a, size_t size)
{
	struct tlsf *t = (struct tlsf *)a;
	struct tlsf_cache *c;
	struct quick *q;
	uintptr_t b;

	if (UK_UNLIKELY(size > TLSF_QUICK_END - 16 - TLSF_HEAD))
		return malloc_slow(t, size);
	c = tlsf_cache_lock(t);
	q = quick_of(c, size_for(size));
	b = q->head;
	/* Whatever the link said: only a block that is in a quick list has such a header. */
	if (UK_UNLIKELY((uk_shared_get(*head_of(b)) ^ b ^ t->key) & HEAD_MUST_QUICK)) {
		tlsf_cache_unlock(c);
		return malloc_slow(t, size);
	}
	q->head = *next_of(b);
	q->room++;
	c->allocs++;
	head_flip(b, HEAD_USED);
	tlsf_cache_unlock(c);
	return (void *)b;
}

/* Empty and yet no room: a list that was never used. Set up now, for boot has no time for it. */
static inline bool is_new(struct tlsf *t, size_t size)
{
	struct tlsf_cache *c = tlsf_cache_lock(t);
	struct quick *q = quick_of(c, size);
	bool new = q->head == quick_last(t) && !q->room;

	if (new)
		q->room = tlsf_quick_capacity(size);
	tlsf_cache_unlock(c);
	return new;
}

static UK_NOINLINE void free_slow(struct tlsf *t, uintptr_t b)
{
	size_t size;

	tlsf_lock(t);
	size = head_size(tlsf_check_used(t, b, "free"));
	if (size < TLSF_QUICK_END && is_new(t, size)) {
		tlsf_unlock(t);
		ukalloctlsf_free(&t->alloc, (void *)b);
		return;
	}
	if (UK_CPUS > 1 && size < TLSF_QUICK_END)
		tlsf_drain(t, size);
	tlsf_give(t, b);
	tlsf_unlock(t);
}

void ukalloctlsf_free(struct uk_alloc *a, void *p)
{
	struct tlsf *t = (struct tlsf *)a;
	uintptr_t b = (uintptr_t)p, next;
	struct tlsf_cache *c;
	struct quick *q;
	uint64_t head;
	size_t size;

	if (UK_UNLIKELY(!b))
		return;
	c = tlsf_cache_lock(t);
	/* The used bit is part of the key here: what remains is 0 if it is set. */
	head = uk_shared_get(*head_of(b)) ^ b ^ t->key_used;
	if (UK_UNLIKELY(head & (TLSF_CHECKED ? HEAD_MUST_QUICK : HEAD_LARGE)))
		goto slow; /* large, or not a block in use */
	size = head_size(head);
	next = b + size;
	if (TLSF_CHECKED &&
	    UK_UNLIKELY((uk_shared_get(*head_of(next)) ^ next ^ t->key) & HEAD_CHECK))
		goto slow; /* this block was overflowed: let the slow path say so */
	q = quick_of(c, size);
	if (UK_UNLIKELY(--q->room < 0))
		goto full;
	if (UK_UNLIKELY(!head_unuse(t, b)))
		tlsf_corrupt(t, b, "free");
	*next_of(b) = q->head;
	q->head = b;
	tlsf_cache_unlock(c);
	return;
full:
	q->room = 0;
slow:
	tlsf_cache_unlock(c);
	free_slow(t, b);
}

/* ---- the rest ---- */

void *ukalloctlsf_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	struct tlsf *t = (struct tlsf *)a;
	uintptr_t b;

	if (!uk_is_pow2(align))
		return NULL;
	if (align <= UK_ALLOC_ALIGN)
		return ukalloctlsf_malloc(a, size);
	if (size > TLSF_REQUEST_MAX || align > TLSF_REQUEST_MAX)
		return fail(t);
	tlsf_lock(t);
	b = tlsf_take(t, UK_MAX(size_for(size), (size_t)TLSF_BLOCK_MIN), align);
	tlsf_unlock(t);
	return b ? (void *)b : fail(t);
}

void *ukalloctlsf_realloc(struct uk_alloc *a, void *p, size_t size)
{
	struct tlsf *t = (struct tlsf *)a;
	uintptr_t b = (uintptr_t)p;
	bool in_place;

	if (!p)
		return ukalloctlsf_malloc(a, size);
	if (size > TLSF_REQUEST_MAX)
		return fail(t);
	tlsf_lock(t);
	tlsf_check_used(t, b, "realloc");
	in_place = tlsf_resize(t, b, UK_MAX(size_for(size), (size_t)TLSF_BLOCK_MIN));
	tlsf_unlock(t);
	/* The copy happens outside the lock: the block is the caller's. */
	return in_place ? p : uk_alloc_realloc_move(a, p, size);
}

size_t ukalloctlsf_usable_size(struct uk_alloc *a, const void *p)
{
	struct tlsf *t = (struct tlsf *)a;
	uint64_t head;

	if (!p)
		return 0;
	head = head_get(t, (uintptr_t)p) ^ HEAD_USED;
	if (TLSF_CHECKED && UK_UNLIKELY(head & (HEAD_CHECK | HEAD_USED | HEAD_FREE)))
		tlsf_corrupt(t, (uintptr_t)p, "usable_size");
	return head_size(head) - TLSF_HEAD;
}

int ukalloctlsf_addmem(struct uk_alloc *a, void *base, size_t len)
{
	struct tlsf *t = (struct tlsf *)a;
	bool ok;

	tlsf_lock(t);
	ok = tlsf_add_piece(t, (uintptr_t)base, len, false);
	tlsf_unlock(t);
	return ok ? 0 : -EINVAL;
}

UK_COLD size_t ukalloctlsf_trim(struct uk_alloc *a)
{
	struct tlsf *t = (struct tlsf *)a;
	size_t before, got;

	/* Called by the source that we are just asking for more: hands off our lists. */
	if (!uk_alloc_lock_idle(&t->lock, &t->busy))
		return 0;
	before = t->total;
	tlsf_flush(t);
	tlsf_cut_all(t);
	got = before - t->total;
	tlsf_unlock(t);
	return got;
}

/* Adds what quick lists hold to *st; returns how many blocks that is. */
static UK_COLD size_t cache_stats(struct tlsf *t, struct tlsf_cache *c, struct uk_alloc_stats *st)
{
	size_t size, blocks, sum = 0;

#ifdef CONFIG_SMP
	if (c->reserve) {
		st->cached += head_size(head_get(t, c->reserve));
		sum++;
	}
#endif
	tlsf_cache_acquire(c);
	st->allocs += c->allocs;
	for (size = TLSF_BLOCK_MIN; size < TLSF_QUICK_END; size += 16) {
		if (quick_of(c, size)->head == quick_last(t))
			continue;
		blocks = tlsf_quick_capacity(size) - quick_of(c, size)->room;
		st->cached += blocks * size;
		sum += blocks;
	}
	uk_spin_release(&c->lock);
	return sum;
}

UK_COLD void ukalloctlsf_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	struct tlsf *t = (struct tlsf *)a;
	size_t cached_blocks = 0;
	unsigned fl;

	*st = (struct uk_alloc_stats){ 0 };
	tlsf_lock(t);
	st->allocs = t->slow_allocs;
	for (unsigned i = 0; i < UK_CPUS; i++)
		if (tlsf_cache_at(t, i))
			cached_blocks += cache_stats(t, tlsf_cache_at(t, i), st);
	st->total = t->total;
	st->used = t->taken - st->cached;
	st->peak = t->peak;
	st->frees = st->allocs - (t->taken_blocks - cached_blocks);
	st->failures = t->failures;
	if (t->fl_map) {
		fl = uk_fls(t->fl_map);
		st->largest =
			head_size(head_get(t, t->list[fl][uk_fls(t->sl_map[fl])])) - TLSF_HEAD;
	}
	tlsf_unlock(t);
}

UK_COLD struct uk_alloc *ukalloctlsf_create(void *base, size_t len,
					    const struct uk_alloc_source *source)
{
	uintptr_t start = UK_ALIGN_UP((uintptr_t)base, (uintptr_t) _Alignof(struct tlsf));
	size_t lost = start - (uintptr_t)base + sizeof(struct tlsf);
	struct tlsf *t = (struct tlsf *)start;

	if (len < lost)
		return NULL;
	memset(t, 0, offsetof(struct tlsf, first));
	cache_init(t, &t->first);
	t->alloc.ops = UK_OPS(&ukalloctlsf_ops);
	t->alloc.source = source;
	/* As good as the platform has it this early; with nothing better, the address is random. */
	uk_plat_entropy(&t->key, sizeof(t->key));
	t->key ^= start * 0x9e3779b97f4a7c15UL;
	t->key_used = t->key ^ HEAD_USED;
	head_set(t, quick_last(t), 0, HEAD_USED);
#ifdef CONFIG_SMP
	for (size_t i = 0; i < UK_CPUS; i++)
		t->cache[i] = &t->first;
#endif
	tlsf_add_piece(t, start + sizeof(*t), len - lost, false); /* too little left is no error */
	return &t->alloc;
}

void ukalloctlsf_check(struct uk_alloc *a)
{
	struct tlsf *t = (struct tlsf *)a;

	tlsf_lock(t);
	tlsf_verify(t);
	tlsf_unlock(t);
}
