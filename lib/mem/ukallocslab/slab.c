/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slab allocator (Bonwick: "The Slab Allocator", USENIX 1994, and with Adams: "Magazines and
 * Vmem", USENIX 2001): classes of equal blocks, cut from runs of pages, with a magazine of ready
 * blocks per class. slab.h says what lies where, and why an overflow does not reach it; arena.c has
 * the runs of pages; here are the operations.
 */
#include <uk/alloc_lock.h>
#include <uk/allocslab.h>
#include <uk/errno.h>
#include <uk/plat/random.h>
#include "slab.h"

#define REQUEST_MAX (1UL << 38)

UK_ALLOC_PROVIDER(ukallocslab);
UK_ALLOC_OPS(ukallocslab);

static inline struct magazine *magazine_of(struct slab *s, size_t class)
{
	struct magazine *m = &s->magazine[class];

	/* One address to keep in a register, instead of two that have an offset in them. */
	__asm__("" : "+r"(m));
	return m;
}

static UK_COLD void *fail(struct slab *s)
{
	if (UK_CPUS > 1)
		__atomic_fetch_add(&s->failures, 1, __ATOMIC_RELAXED);
	else
		s->failures++;
	return uk_alloc_fail(&s->alloc);
}

/* ---- classes ---- */

static inline unsigned class_of(size_t size)
{
	unsigned top;

	if (size <= SLAB_LINEAR)
		return size ? (size + GRAIN - 1) / GRAIN : 1;
	top = uk_fls(size - 1);
	return SLAB_LINEAR / GRAIN + 1 + (top - 9) * 4 + ((size - 1) >> (top - 2) & 3);
}

static uint32_t class_size(unsigned class)
{
	unsigned i = class - SLAB_LINEAR / GRAIN - 1;

	return class <= SLAB_LINEAR / GRAIN ? class * GRAIN : (5 + i % 4) << (7 + i / 4);
}

static UK_COLD void class_init(struct slab *s, unsigned class)
{
	struct class *c = &s->class[class];
	unsigned pages = 1;

	c->size = class_size(class);
	/* At most an eighth of a slab may be left over. */
	while (pages < SLAB_PAGES_MAX &&
	       (pages * UK_PAGE_SIZE < c->size ||
		pages * UK_PAGE_SIZE % c->size * 8 > pages * UK_PAGE_SIZE))
		pages++;
	c->pages = pages;
	c->blocks = pages * UK_PAGE_SIZE / c->size;
	uk_list_init(&c->slabs);
	s->magazine[class].top = slab_bottom(&s->magazine[class]);
	s->magazine[class].limit =
		s->magazine[class].top + UK_MIN(UK_MAX(8192U / c->size, 2U), MAGAZINE);
}

/* ---- slabs ---- */

/* Any of the blocks that are available in a slab that has some. */
static unsigned choose(struct slab *s, struct page *pg)
{
	unsigned word = 0, shift = 0;
	uint64_t map;

#ifdef CONFIG_LIBUKALLOCSLAB_RANDOM
	/* xorshift (Marsaglia, 2003): not secret for ever, but not known without a leak. */
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	word = s->random >> 40 & (BLOCKS_MAX / 64 - 1);
	shift = s->random >> 50 & 63;
#endif
	while (!pg->avail[word])
		word = (word + 1) % (BLOCKS_MAX / 64);
	map = pg->avail[word];
	map = shift ? map >> shift | map << (64 - shift) : map;
	return word * 64 + ((uk_ctz(map) + shift) & 63);
}

static struct page *slab_new(struct slab *s, unsigned class, struct arena **arena)
{
	struct class *c = &s->class[class];
	unsigned pages = c->pages, blocks, i;
	struct page *pg = slab_run_take(s, pages, 1, arena);

	if (!pg) { /* when there is little, a smaller one */
		pages = UK_DIV_ROUND_UP(c->size, UK_PAGE_SIZE);
		pg = slab_run_take(s, pages, 1, arena);
	}
	if (!pg)
		return NULL;
	blocks = pages * UK_PAGE_SIZE / c->size;
	pg->kind = PAGE_SLAB;
	pg->class = class;
	pg->navail = blocks;
	for (i = 0; i < BLOCKS_MAX / 64; i++, blocks -= UK_MIN(blocks, 64U))
		pg->avail[i] = blocks >= 64 ? ~0UL : (1UL << blocks) - 1;
	uk_list_add(&c->slabs, &pg->link);
	return pg;
}

/* Moves a block out of a slab into a magazine that has room; false if there is no memory. */
static bool load(struct slab *s, unsigned class, struct magazine *m)
{
	struct class *c = &s->class[class];
	struct arena *a;
	struct page *pg;
	unsigned i;

	if (uk_list_empty(&c->slabs)) {
		pg = slab_new(s, class, &a);
		if (!pg)
			return false;
	} else {
		pg = uk_list_entry(c->slabs.next, struct page, link);
		/* A descriptor lies in its arena, between its start and its pages. */
		for (a = s->arenas; (uintptr_t)pg - (uintptr_t)a >= a->base - (uintptr_t)a;)
			a = a->next;
	}
	i = choose(s, pg);
	pg->avail[i / 64] &= ~(1UL << i % 64);
	if (!--pg->navail)
		uk_list_del(&pg->link);
	m->top++;
	m->top->block = slab_address(a, pg) + i * c->size;
	m->top->state = slab_state(a, m->top->block);
	s->taken += c->size;
	s->taken_blocks++;
	if (s->taken > s->peak)
		s->peak = s->taken;
	return true;
}

/* Moves the block that has waited longest out of a magazine into its slab. */
static void unload(struct slab *s, unsigned class, struct magazine *m)
{
	struct class *c = &s->class[class];
	uintptr_t b = m->round[0].block;
	struct arena *a = slab_arena_of(s, b);
	struct page *pg = slab_page(a, b);
	unsigned i = (b - slab_address(a, pg)) / c->size;

	memmove(&m->round[0], &m->round[1], (slab_rounds(m) - 1) * sizeof(m->round[0]));
	m->top--;
	s->taken -= c->size;
	s->taken_blocks--;
	pg->avail[i / 64] |= 1UL << i % 64;
	if (!pg->navail++)
		uk_list_add(&c->slabs, &pg->link);
	if (pg->navail == pg->npages * UK_PAGE_SIZE / c->size) {
		uk_list_del(&pg->link);
		slab_run_give(s, a, pg);
	}
}

static bool unload_all(struct slab *s)
{
	bool any = false;
	unsigned class;

	for (class = 1; class < CLASSES; class ++)
		while (slab_rounds(&s->magazine[class])) {
			unload(s, class, &s->magazine[class]);
			any = true;
		}
	return any;
}

/* ---- runs ---- */

static void *run_malloc(struct slab *s, size_t size, size_t align)
{
	size_t npages = UK_DIV_ROUND_UP(size, UK_PAGE_SIZE);
	struct arena *a;
	struct page *pg = NULL;

	if (size > REQUEST_MAX || align > REQUEST_MAX)
		return fail(s);
	uk_spin_lock(&s->lock);
	pg = slab_run_take(s, npages, align, &a);
	if (!pg && (slab_grow(s, npages, align) || unload_all(s)))
		pg = slab_run_take(s, npages, align, &a);
	if (pg) {
		pg->kind = PAGE_RUN;
		*slab_state(a, slab_address(a, pg)) = STATE_RUN;
		s->taken += (size_t)pg->npages << UK_PAGE_SHIFT;
		s->taken_blocks++;
		s->slow_allocs++;
		if (s->taken > s->peak)
			s->peak = s->taken;
	}
	uk_spin_unlock(&s->lock);
	return pg ? (void *)slab_address(a, pg) : fail(s);
}

/* ---- operations ---- */

static UK_NOINLINE void *malloc_slow(struct slab *s, size_t class)
{
	struct magazine *m;
	size_t room;
	bool ok;

	class = UK_MAX(class, 1UL);
	m = magazine_of(s, class);
	room = m->limit - slab_bottom(m);
	uk_spin_lock(&s->lock);
	/* To half of what it holds, so that there is room for blocks that are freed. */
	while (slab_rounds(m) < room / 2 && load(s, class, m))
		;
	if (!slab_rounds(m) && (slab_grow(s, s->class[class].pages, 1) || unload_all(s)))
		load(s, class, m);
	ok = slab_rounds(m);
	uk_spin_unlock(&s->lock);
	return ok ? ukallocslab_malloc(&s->alloc, s->class[class].size) : fail(s);
}

static inline void *take(struct slab *s, size_t class)
{
	struct magazine *m = magazine_of(s, class);
	struct round *r;
	uintptr_t b;

	uk_spin_lock(&s->lock);
	r = m->top;
	if (UK_UNLIKELY(r == slab_bottom(m))) {
		uk_spin_unlock(&s->lock);
		return malloc_slow(s, class);
	}
	b = r->block;
	*r->state = class;
	m->top = r - 1;
	s->fast_allocs++;
	uk_spin_unlock(&s->lock);
	return (void *)b;
}

static UK_NOINLINE void *malloc_large(struct slab *s, size_t size)
{
	return size > SLAB_SIZE_MAX ? run_malloc(s, size, 1) : take(s, class_of(size));
}

void *ukallocslab_malloc(struct uk_alloc *a, size_t size)
{
	struct slab *s = (struct slab *)a;

	if (UK_UNLIKELY(size > SLAB_LINEAR))
		return malloc_large(s, size);
	return take(s, (size + GRAIN - 1) / GRAIN);
}

static UK_COLD UK_NORETURN void bad_block(struct slab *s, uintptr_t b, const char *what)
{
	struct arena *a = slab_arena_of(s, b);
	struct page *pg = a ? slab_page(a, b) : NULL;

	if (!a)
		uk_panic("heap: %s(%p): not an address of the heap", what, (void *)b);
	if (b % GRAIN || (pg->kind == PAGE_RUN && b != slab_address(a, pg)) ||
	    (pg->kind == PAGE_SLAB && (b - slab_address(a, pg)) % s->class[pg->class].size))
		uk_panic("heap: %s(%p): not an address that malloc returned", what, (void *)b);
	uk_panic("heap: %s(%p): this block is free already (double free)", what, (void *)b);
}

static UK_NOINLINE void free_slow(struct slab *s, uintptr_t b)
{
	struct arena *a;
	struct magazine *m;
	struct page *pg;
	uint8_t *state;

	uk_spin_lock(&s->lock);
	a = slab_arena_of(s, b);
	if (UK_UNLIKELY(!a || b % GRAIN || !*slab_state(a, b)))
		bad_block(s, b, "free");
	state = slab_state(a, b);
	pg = slab_page(a, b);
	if (*state == STATE_RUN) {
		*state = 0;
		s->taken -= (size_t)pg->npages << UK_PAGE_SHIFT;
		s->taken_blocks--;
		slab_run_give(s, a, pg);
	} else {
		m = magazine_of(s, pg->class);
		if (m->top == m->limit)
			unload(s, pg->class, m);
		*state = 0;
		*++m->top = (struct round){ b, state };
	}
	uk_spin_unlock(&s->lock);
}

void ukallocslab_free(struct uk_alloc *alloc, void *p)
{
	struct slab *s = (struct slab *)alloc;
	uintptr_t b = (uintptr_t)p;
	struct magazine *m;
	struct round *r;
	struct arena *a;
	uint8_t *state;
	size_t grain;

	if (UK_UNLIKELY(!b))
		return;
	uk_spin_lock(&s->lock);
	a = *slab_cached(s, b);
	grain = slab_grain(a, b);
	if (UK_UNLIKELY(grain >= a->grains))
		goto slow;
	state = a->state + grain;
	m = magazine_of(s, *state); /* of 0, not a block in use, and of a run it is full */
	r = m->top;
	if (UK_UNLIKELY(r == m->limit))
		goto slow;
	*state = 0;
	m->top = ++r;
	r->block = b;
	r->state = state;
	uk_spin_unlock(&s->lock);
	return;
slow:
	uk_spin_unlock(&s->lock);
	free_slow(s, b);
}

/* A class all of whose blocks are aligned: slabs begin at page boundaries. 0: none. */
static unsigned class_aligned(struct slab *s, size_t align, size_t size)
{
	unsigned class;

	if (size > SLAB_SIZE_MAX || align > UK_PAGE_SIZE)
		return 0;
	for (class = class_of(size); class < CLASSES; class ++)
		if (!(s->class[class].size % align))
			return class;
	return 0;
}

void *ukallocslab_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	struct slab *s = (struct slab *)a;
	unsigned class;

	if (!uk_is_pow2(align))
		return NULL;
	class = class_aligned(s, align, size);
	return class ? ukallocslab_malloc(a, s->class[class].size)
		     : run_malloc(s, UK_MAX(size, 1UL), UK_MAX(align, UK_PAGE_SIZE));
}

/* The size of a block in use. */
static size_t size_of(struct slab *s, uintptr_t b, const char *what)
{
	struct arena *a = slab_arena_of(s, b);
	unsigned state;

	if (UK_UNLIKELY(!a || b % GRAIN))
		bad_block(s, b, what);
	state = *slab_state(a, b);
	if (UK_UNLIKELY(!state))
		bad_block(s, b, what);
	return state == STATE_RUN ? (size_t)slab_page(a, b)->npages << UK_PAGE_SHIFT
				  : s->class[state].size;
}

void *ukallocslab_realloc(struct uk_alloc *alloc, void *p, size_t size)
{
	struct slab *s = (struct slab *)alloc;
	size_t have, npages = UK_DIV_ROUND_UP(size, UK_PAGE_SIZE), old;
	struct arena *a;
	struct page *pg;
	void *moved;
	bool in_place;

	if (!p)
		return ukallocslab_malloc(alloc, size);
	if (size > REQUEST_MAX)
		return fail(s);
	uk_spin_lock(&s->lock);
	have = size_of(s, (uintptr_t)p, "realloc");
	if (have > SLAB_SIZE_MAX && size > SLAB_SIZE_MAX) {
		a = slab_arena_of(s, (uintptr_t)p);
		pg = slab_page(a, (uintptr_t)p);
		old = pg->npages;
		in_place = slab_run_resize(s, a, pg, npages);
		s->taken += (pg->npages - old) << UK_PAGE_SHIFT;
		if (s->taken > s->peak)
			s->peak = s->taken;
	} else {
		/* In place if it fits and does not waste half. */
		in_place = size <= have && (have <= 64 || size > have / 2);
	}
	uk_spin_unlock(&s->lock);
	/* The copy happens outside the lock: the block is the caller's. */
	if (in_place)
		return p;
	moved = uk_alloc_realloc_move(alloc, p, size);
	return moved || size > have ? moved : p; /* to become smaller never fails */
}

size_t ukallocslab_usable_size(struct uk_alloc *a, const void *p)
{
	struct slab *s = (struct slab *)a;
	size_t size;

	if (!p)
		return 0;
	uk_spin_lock(&s->lock);
	size = size_of(s, (uintptr_t)p, "usable_size");
	uk_spin_unlock(&s->lock);
	return size;
}

int ukallocslab_addmem(struct uk_alloc *a, void *base, size_t len)
{
	struct slab *s = (struct slab *)a;
	bool ok;

	uk_spin_lock(&s->lock);
	ok = slab_arena_add(s, (uintptr_t)base, len, false);
	uk_spin_unlock(&s->lock);
	return ok ? 0 : -EINVAL;
}

UK_COLD size_t ukallocslab_trim(struct uk_alloc *a)
{
	struct slab *s = (struct slab *)a;
	size_t before, got;

	/* Called by the source that we are just asking for more: hands off our lists. */
	if (!uk_alloc_lock_idle(&s->lock, &s->busy))
		return 0;
	before = s->total;
	unload_all(s); /* may return large arenas by itself */
	slab_return_empty(s);
	got = before - s->total;
	uk_spin_unlock(&s->lock);
	return got;
}

UK_COLD void ukallocslab_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	struct slab *s = (struct slab *)a;
	size_t cached_blocks = 0;
	unsigned class;

	*st = (struct uk_alloc_stats){ 0 };
	uk_spin_lock(&s->lock);
	for (class = 1; class < CLASSES; class ++) {
		st->cached += slab_rounds(&s->magazine[class]) * s->class[class].size;
		cached_blocks += slab_rounds(&s->magazine[class]);
	}
	st->total = s->total;
	st->used = s->taken - st->cached;
	st->peak = s->peak;
	st->allocs = s->slow_allocs + s->fast_allocs;
	st->frees = st->allocs - (s->taken_blocks - cached_blocks);
	st->failures = s->failures;
	st->largest = slab_longest_run(s) << UK_PAGE_SHIFT;
	uk_spin_unlock(&s->lock);
}

UK_COLD struct uk_alloc *ukallocslab_create(void *base, size_t len,
					    const struct uk_alloc_source *source)
{
	uintptr_t start = UK_ALIGN_UP((uintptr_t)base, (uintptr_t)UK_ALLOC_ALIGN);
	size_t lost = start - (uintptr_t)base + sizeof(struct slab), i;
	struct slab *s = (struct slab *)start;

	if (len < lost)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->alloc.ops = UK_OPS(&ukallocslab_ops);
	s->alloc.source = source;
	/* As good as the platform has it this early; with nothing better, the address is random. */
	uk_plat_entropy(&s->random, sizeof(s->random));
	s->random = (s->random ^ start * 0x9e3779b97f4a7c15UL) | 1;
	for (i = 0; i < ARENAS_CACHED; i++)
		s->cache[i] = &s->none;
	for (i = 0; i < BINS; i++)
		uk_list_init(&s->bin[i]);
	for (i = 1; i < CLASSES; i++)
		class_init(s, i);
	s->magazine[0].top = s->magazine[0].limit = slab_bottom(&s->magazine[0]);
	s->magazine[STATE_RUN].top = s->magazine[STATE_RUN].limit = NULL;
	slab_arena_add(s, start + sizeof(*s), len - lost, false); /* too little left is no error */
	return &s->alloc;
}
