/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arenas of the slab allocator: runs of pages, free ones in bins by the power of two of their
 * length, merged with their neighbours as soon as they are freed.
 *
 * Invariants: no two free runs adjoin; the first and the last page of a free run know its length;
 * every page inside a run in use knows the run's first page.
 */
#include "slab.h"

#define GROW_MIN   (64UL << 10) /* arenas to ask for: an eighth of the heap within these */
#define GROW_MAX   (4UL << 20)
#define RETURN_MIN (256UL << 10) /* an empty arena of this size is returned at once */

static size_t arena_pages(const struct arena *a)
{
	return a->grains / (UK_PAGE_SIZE / GRAIN);
}

struct arena *slab_arena_of(struct slab *s, uintptr_t p)
{
	struct arena *a = *slab_cached(s, p);

	p = UK_ALIGN_DOWN(p, (uintptr_t)GRAIN);
	if (slab_grain(a, p) < a->grains)
		return a;
	for (a = s->arenas; a; a = a->next)
		if (slab_grain(a, p) < a->grains)
			return *slab_cached(s, p) = a;
	return NULL;
}

static void cache_forget(struct slab *s, struct arena *a)
{
	unsigned i;

	for (i = 0; i < ARENAS_CACHED; i++)
		if (!a || s->cache[i] == a)
			s->cache[i] = &s->none;
}

/* ---- free runs ---- */

static void free_link(struct slab *s, struct arena *a, struct page *pg, size_t npages)
{
	unsigned bin = uk_fls(npages);

	pg->kind = PAGE_FREE;
	pg->npages = npages;
	pg[npages - 1].kind = PAGE_FREE;
	pg[npages - 1].npages = npages;
	pg[npages - 1].first = pg->first = pg - a->pages;
	uk_list_add(&s->bin[bin], &pg->link);
	s->bins |= 1U << bin;
}

static void free_unlink(struct slab *s, struct page *pg)
{
	unsigned bin = uk_fls(pg->npages);

	uk_list_del(&pg->link);
	if (uk_list_empty(&s->bin[bin]))
		s->bins &= ~(1U << bin);
}

/* Does a run of npages at a multiple of `align` fit into the free run? Then how far into it? */
static bool fits(struct arena *a, struct page *pg, size_t npages, size_t align, size_t *skip)
{
	uintptr_t at = slab_address(a, pg);

	*skip = (UK_ALIGN_UP(at, align) - at) >> UK_PAGE_SHIFT;
	return *skip + npages <= pg->npages;
}

static void make_run(struct arena *a, struct page *pg, size_t from, size_t npages)
{
	size_t i;

	pg->npages = npages;
	pg->first = pg - a->pages;
	for (i = UK_MAX(from, 1UL); i < npages; i++) {
		pg[i].kind = PAGE_INSIDE;
		pg[i].first = pg->first;
	}
}

struct page *slab_run_take(struct slab *s, size_t npages, size_t align, struct arena **arena)
{
	uint32_t map = s->bins & (~0U << uk_fls(npages));
	struct page *pg;
	struct uk_list *l;
	struct arena *a;
	size_t skip, rest;
	unsigned bin;

	for (; map; map &= map - 1) {
		bin = uk_ctz(map);
		for (l = s->bin[bin].next; l != &s->bin[bin]; l = l->next) {
			pg = uk_list_entry(l, struct page, link);
			if (pg->npages < npages)
				continue;
			for (a = s->arenas; (uintptr_t)pg - (uintptr_t)a >= a->base - (uintptr_t)a;)
				a = a->next;
			if (!fits(a, pg, npages, align, &skip))
				continue;
			free_unlink(s, pg);
			rest = pg->npages - skip - npages;
			if (skip)
				free_link(s, a, pg, skip);
			pg += skip;
			if (rest)
				free_link(s, a, pg + npages, rest);
			make_run(a, pg, 0, npages);
			*arena = a;
			return pg;
		}
	}
	return NULL;
}

static size_t arena_return(struct slab *s, struct arena *a)
{
	size_t len = a->end - a->start;
	struct arena **link = &s->arenas;

	free_unlink(s, &a->pages[0]);
	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	cache_forget(s, a);
	s->total -= len;
	s->busy = true;
	s->alloc.source->less((void *)a->start, len);
	s->busy = false;
	return len;
}

static bool is_idle(struct slab *s, struct arena *a)
{
	return a->returnable && a->pages[0].kind == PAGE_FREE &&
	       a->pages[0].npages == arena_pages(a) && s->alloc.source->less;
}

/* Frees [i, i + npages), which no neighbour knows of yet. */
static void give(struct slab *s, struct arena *a, size_t i, size_t npages)
{
	struct page *pg = &a->pages[i], *other;

	if (i + npages < arena_pages(a) && pg[npages].kind == PAGE_FREE) {
		other = &pg[npages];
		free_unlink(s, other);
		npages += other->npages;
	}
	if (i && pg[-1].kind == PAGE_FREE) {
		other = &a->pages[pg[-1].first];
		free_unlink(s, other);
		npages += other->npages;
		pg = other;
	}
	free_link(s, a, pg, npages);
}

void slab_run_give(struct slab *s, struct arena *a, struct page *pg)
{
	give(s, a, pg - a->pages, pg->npages);
	if (UK_UNLIKELY(a->grains >= RETURN_MIN / GRAIN) && is_idle(s, a))
		arena_return(s, a);
}

bool slab_run_resize(struct slab *s, struct arena *a, struct page *pg, size_t npages)
{
	size_t have = pg->npages, i = pg - a->pages, room = have;
	struct page *next = &pg[have];

	if (npages > have) {
		if (i + have < arena_pages(a) && next->kind == PAGE_FREE)
			room += next->npages;
		if (room < npages)
			return false;
		free_unlink(s, next);
		make_run(a, pg, have, npages);
		if (room > npages)
			free_link(s, a, pg + npages, room - npages);
	} else if (npages < have) {
		pg->npages = npages;
		give(s, a, i + npages, have - npages);
	}
	return true;
}

/* ---- arenas ---- */

/* What an arena of n pages needs before them: itself, descriptors and states. */
static size_t overhead(size_t npages)
{
	return sizeof(struct arena) + npages * (sizeof(struct page) + UK_PAGE_SIZE / GRAIN);
}

UK_COLD bool slab_arena_add(struct slab *s, uintptr_t base, size_t len, bool returnable)
{
	uintptr_t start = UK_ALIGN_UP(base, sizeof(max_align_t)), end = base + len;
	struct arena *a = (struct arena *)start;
	size_t n = 0;

	if (end > start + overhead(1))
		n = (end - start - sizeof(*a)) / (overhead(1) - sizeof(*a) + UK_PAGE_SIZE);
	/* Rounding the first page's address up may take the last one. */
	while (n && UK_ALIGN_UP(start + overhead(n), UK_PAGE_SIZE) + n * UK_PAGE_SIZE > end)
		n--;
	if (!n || n >= 1UL << BINS)
		return false;
	memset(a, 0, overhead(n));
	*a = (struct arena){
		.base = UK_ALIGN_UP(start + overhead(n), UK_PAGE_SIZE),
		.grains = n * (UK_PAGE_SIZE / GRAIN),
		.next = s->arenas,
		.state = (uint8_t *)&a->pages[n],
		.start = base,
		.end = end,
		.returnable = returnable,
	};
	s->arenas = a;
	cache_forget(s, NULL);
	s->total += len;
	free_link(s, a, a->pages, n);
	return true;
}

UK_COLD bool slab_grow(struct slab *s, size_t npages, size_t align)
{
	const struct uk_alloc_source *source = s->alloc.source;
	size_t least, want, len;
	void *base;

	/* busy: we are inside the source, which ran out and tries to shrink us. */
	if (!source || !source->more || s->busy || npages >= 1UL << (BINS - 1))
		return false;
	if (align > UK_PAGE_SIZE)
		npages += align >> UK_PAGE_SHIFT;
	least = UK_ALIGN_UP(overhead(npages) + UK_PAGE_SIZE - 1, UK_PAGE_SIZE) +
		(npages << UK_PAGE_SHIFT);
	want = UK_MIN(UK_MAX(1UL << uk_fls(s->total / 8 | 1), GROW_MIN), GROW_MAX);
	want = UK_MAX(want, least);
	s->busy = true;
	base = source->more(least, want, &len);
	s->busy = false;
	return base && slab_arena_add(s, (uintptr_t)base, len, true);
}

UK_COLD size_t slab_return_empty(struct slab *s)
{
	struct arena *a, *next;
	size_t got = 0;

	for (a = s->arenas; a; a = next) {
		next = a->next;
		if (is_idle(s, a))
			got += arena_return(s, a);
	}
	return got;
}

UK_COLD size_t slab_longest_run(struct slab *s)
{
	struct uk_list *l, *bin;
	size_t longest = 0;

	if (!s->bins)
		return 0;
	bin = &s->bin[uk_fls(s->bins)];
	for (l = bin->next; l != bin; l = l->next)
		longest = UK_MAX(longest, (size_t)uk_list_entry(l, struct page, link)->npages);
	return longest;
}
