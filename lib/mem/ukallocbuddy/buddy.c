/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An allocator in two layers, both built on powers of two.
 *
 * Pages: a binary buddy system. Free runs of 2^n pages hang on a list per n; a run is split in
 * half until it fits, what exceeds the request is given back, and freed runs merge with the half
 * they were split from. Small sizes (up to half a page): a page is cut into slots of one power of
 * two, and a bitmap says which are taken.
 *
 * No block has a header: sizes are in a descriptor per page, at the start of each arena (a piece of
 * memory from the source). So a page-sized request takes a page, blocks of a power of two are
 * aligned to it, and a stray write cannot destroy the allocator's own data. Whoever is freed
 * twice is found; overflows are not.
 */
#include <uk/alloc_lock.h>
#include <uk/allocbuddy.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/list.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/spinlock.h>

#define ORDERS    28U /* runs of up to 2^27 pages */
#define SLOT_MIN  5U  /* 32 bytes: 128 slots in a page fill the bitmap */
#define SLOT_MAX  (UK_PAGE_SHIFT - 1U)
#define GROW_MIN  (64UL << 10)
#define PAGES_MAX (1UL << (ORDERS - 1))

/* Describes a page. All zero: inside a run, free or not. */
struct page {
	struct uk_list link; /* head of a free run, or a page with a free slot */
	uint64_t taken[2];   /* page of slots: which are in use */
	uint32_t npages;     /* first page of a run in use: its length */
	uint8_t block;       /* first page of a free run: its order + 1 */
	uint8_t slot;        /* page of slots: log2 of their size */
	uint16_t nfree;      /* page of slots: how many are free */
};

struct arena {
	struct arena *next;
	uintptr_t base; /* address of page 0; runs are aligned relative to address 0 */
	uint32_t npages;
	uint32_t nfree;
	bool returnable; /* this and its pages came from the source */
	struct page pages[];
};

struct buddy {
	struct uk_alloc alloc;
	struct uk_spinlock lock;
	bool busy; /* inside the source: trim() must keep off */
	struct arena *arenas;
	uint32_t orders; /* bit n: free[n] is not empty */
	struct uk_list free[ORDERS];
	struct uk_list slots[SLOT_MAX + 1]; /* pages with a free slot of 2^n bytes */
	struct uk_alloc_stats stats;
};

UK_ALLOC_PROVIDER(ukallocbuddy);
UK_ALLOC_OPS(ukallocbuddy);

/* ---- runs of pages ---- */

static size_t arena_size(const struct arena *a)
{
	return a->base + ((uintptr_t)a->npages << UK_PAGE_SHIFT) - (uintptr_t)a;
}

/* The arena of an address in it, be it of a page or of a descriptor; NULL: none of ours. */
static struct arena *arena_of(struct buddy *b, uintptr_t addr)
{
	struct arena *a;

	for (a = b->arenas; a; a = a->next)
		if (addr - (uintptr_t)a < arena_size(a))
			return a;
	return NULL;
}

static uintptr_t address_of(const struct arena *a, const struct page *p)
{
	return a->base + ((uintptr_t)(p - a->pages) << UK_PAGE_SHIFT);
}

static void block_link(struct buddy *b, struct page *p, unsigned order)
{
	p->block = order + 1;
	uk_list_add(&b->free[order], &p->link);
	b->orders |= 1U << order;
}

static void block_unlink(struct buddy *b, struct page *p)
{
	unsigned order = p->block - 1;

	uk_list_del(&p->link);
	p->block = 0;
	if (uk_list_empty(&b->free[order]))
		b->orders &= ~(1U << order);
}

static void block_add(struct buddy *b, struct arena *a, uintptr_t i, unsigned order)
{
	uintptr_t first = a->base >> UK_PAGE_SHIFT, other;

	for (; order < ORDERS - 1; order++) {
		other = ((first + i) ^ (1UL << order)) - first; /* huge if before the arena */
		if (other >= a->npages || a->pages[other].block != order + 1)
			break;
		block_unlink(b, &a->pages[other]);
		i = UK_MIN(i, other);
	}
	block_link(b, &a->pages[i], order);
}

/* Frees pages [i, end) of an arena, as the largest aligned blocks. */
static void range_free(struct buddy *b, struct arena *a, uintptr_t i, uintptr_t end)
{
	uintptr_t first = a->base >> UK_PAGE_SHIFT;
	unsigned order;

	a->nfree += end - i;
	while (i < end) {
		order = UK_MIN(UK_MIN(uk_ctz(first + i), uk_fls(end - i)), ORDERS - 1);
		block_add(b, a, i, order);
		i += 1UL << order;
	}
}

/* Makes [base, base + len), whole pages, an arena. Its pages are not free yet. */
static struct arena *arena_add(struct buddy *b, uintptr_t base, size_t len, bool returnable)
{
	size_t total = len >> UK_PAGE_SHIFT;
	size_t head =
		UK_DIV_ROUND_UP(sizeof(struct arena) + total * sizeof(struct page), UK_PAGE_SIZE);
	struct arena *a = (struct arena *)base;

	if (head >= total || total > PAGES_MAX)
		return NULL;
	memset(a, 0, head << UK_PAGE_SHIFT);
	a->base = base + (head << UK_PAGE_SHIFT);
	a->npages = total - head;
	a->returnable = returnable;
	a->next = b->arenas;
	b->arenas = a;
	b->stats.total += len;
	return a;
}

/* A new arena with at least `npages`, which are at its start and on no list. */
static struct arena *grow(struct buddy *b, size_t npages)
{
	const struct uk_alloc_source *source = b->alloc.source;
	size_t least, want, len;
	struct arena *a = NULL;
	void *base;

	if (!source || !source->more || b->busy || npages > PAGES_MAX / 2)
		return NULL;
	/* The descriptors of the descriptors' pages are worth one more. */
	least = (npages + 1) * (UK_PAGE_SIZE + sizeof(struct page)) + sizeof(struct arena);
	least = UK_ALIGN_UP(least, UK_PAGE_SIZE);
	/* In proportion, so that there are few arenas and free() finds its own quickly. */
	want = UK_MAX(1UL << uk_fls(b->stats.total / 16 | 1), UK_MAX(least, GROW_MIN));
	b->busy = true;
	base = source->more(least, want, &len);
	b->busy = false;
	if (base)
		a = arena_add(b, (uintptr_t)base, len, true);
	return a;
}

/* Returns arenas without a block in use to the source; their bytes. */
static size_t return_idle(struct buddy *b)
{
	const struct uk_alloc_source *source = b->alloc.source;
	struct arena **link, *a;
	size_t got = 0, len;
	uintptr_t i;

	for (link = &b->arenas; (a = *link);) {
		if (a->nfree != a->npages || !a->returnable || !source->less) {
			link = &a->next;
			continue;
		}
		*link = a->next;
		for (i = 0; i < a->npages; i++)
			if (a->pages[i].block)
				block_unlink(b, &a->pages[i]);
		len = arena_size(a);
		b->stats.total -= len;
		got += len;
		b->busy = true;
		source->less(a, len);
		b->busy = false;
	}
	return got;
}

/*
 * A free run that consists of several blocks. Slow, but a large block that was freed is rarely one
 * block: its arena is as long as it was needed, not a power of two.
 */
static struct arena *find_neighbours(struct buddy *b, size_t npages, uintptr_t *first)
{
	struct arena *a;
	uintptr_t i, start, n;

	for (a = b->arenas; a; a = a->next) {
		if (a->nfree < npages)
			continue;
		for (i = start = 0; i < a->npages && i - start < npages; i += n) {
			if (a->pages[i].block) {
				n = 1UL << (a->pages[i].block - 1);
			} else {
				n = UK_MAX(a->pages[i].npages, 1U); /* a run in use, or slots */
				start = i + n;
			}
		}
		if (i - start < npages)
			continue;
		*first = start;
		for (i = start; i - start < npages; i += n) {
			n = 1UL << (a->pages[i].block - 1);
			block_unlink(b, &a->pages[i]);
		}
		a->nfree -= i - start;
		range_free(b, a, start + npages, i);
		return a;
	}
	return NULL;
}

static uintptr_t run_alloc(struct buddy *b, size_t npages, size_t align_pages)
{
	unsigned order;
	struct arena *a;
	struct page *p;
	uintptr_t i, end;
	uint32_t map;

	/* A free block is aligned to its own size. */
	order = uk_log2_ceil(UK_MAX(npages, align_pages));
	map = order < ORDERS ? b->orders >> order : 0;
	if (map) {
		order += uk_ctz(map);
		p = uk_list_first(&b->free[order], struct page, link);
		block_unlink(b, p);
		a = arena_of(b, (uintptr_t)p);
		a->nfree -= 1UL << order;
		i = p - a->pages;
		end = i + (1UL << order);
	} else if (npages > 1 && align_pages == 1 && (a = find_neighbours(b, npages, &i))) {
		end = i + npages;
	} else {
		a = grow(b, npages + align_pages - 1);
		if (!a && return_idle(b))
			a = grow(b, npages + align_pages - 1);
		if (!a)
			return 0;
		i = -(a->base >> UK_PAGE_SHIFT) & (align_pages - 1);
		end = a->npages;
		range_free(b, a, 0, i);
	}
	range_free(b, a, i + npages, end);
	a->pages[i].npages = npages;
	return address_of(a, &a->pages[i]);
}

/* ---- slots ---- */

static uintptr_t slot_alloc(struct buddy *b, unsigned slot)
{
	struct page *p = uk_list_first(&b->slots[slot], struct page, link);
	struct arena *a;
	uintptr_t addr;
	unsigned w, i;

	if (!p) {
		addr = run_alloc(b, 1, 1);
		a = arena_of(b, addr);
		if (!a)
			return 0;
		p = &a->pages[(addr - a->base) >> UK_PAGE_SHIFT];
		p->npages = 0;
		p->slot = slot;
		p->nfree = 1U << (UK_PAGE_SHIFT - slot);
		/* Bits without a slot count as taken. */
		p->taken[0] = p->nfree < 64 ? ~0UL << p->nfree : 0;
		p->taken[1] = p->nfree < 128 ? ~0UL : 0;
		uk_list_add(&b->slots[slot], &p->link);
	} else {
		addr = address_of(arena_of(b, (uintptr_t)p), p);
	}
	w = p->taken[0] == ~0UL;
	i = uk_ctz(~p->taken[w]);
	p->taken[w] |= 1UL << i;
	if (!--p->nfree)
		uk_list_del(&p->link);
	return addr + ((64UL * w + i) << slot);
}

static UK_COLD UK_NORETURN void bad_pointer(uintptr_t addr)
{
	uk_panic("heap: %p is not a block in use (freed twice, or not from malloc)", (void *)addr);
}

/* The descriptor of the page that a block in use lies in, verified. */
static struct page *page_of(struct buddy *b, uintptr_t addr, struct arena **arena)
{
	struct arena *a = *arena = arena_of(b, addr);
	uintptr_t offset = addr & UK_PAGE_MASK;
	struct page *p;
	unsigned i;

	if (UK_UNLIKELY(!a || addr < a->base))
		bad_pointer(addr);
	p = &a->pages[(addr - a->base) >> UK_PAGE_SHIFT];
	if (p->slot) {
		i = offset >> p->slot;
		if (UK_UNLIKELY(i << p->slot != offset || !(p->taken[i / 64] & 1UL << i % 64)))
			bad_pointer(addr);
	} else if (UK_UNLIKELY(!p->npages || offset)) {
		bad_pointer(addr);
	}
	return p;
}

static size_t block_size(const struct page *p)
{
	return p->slot ? 1UL << p->slot : (size_t)p->npages << UK_PAGE_SHIFT;
}

static void slot_free(struct buddy *b, struct arena *a, struct page *p, uintptr_t addr)
{
	unsigned i = (addr & UK_PAGE_MASK) >> p->slot;

	p->taken[i / 64] &= ~(1UL << i % 64);
	if (!p->nfree++)
		uk_list_add(&b->slots[p->slot], &p->link);
	if (p->nfree << p->slot != UK_PAGE_SIZE)
		return;
	uk_list_del(&p->link);
	p->slot = 0;
	p->nfree = 0;
	range_free(b, a, p - a->pages, p - a->pages + 1);
}

/* ---- operations ---- */

void *ukallocbuddy_memalign(struct uk_alloc *alloc, size_t align, size_t size)
{
	struct buddy *b = (struct buddy *)alloc;
	uintptr_t addr = 0;
	size_t bytes = UK_MAX(size, align);

	if (!uk_is_pow2(align))
		return NULL;
	uk_spin_lock(&b->lock);
	if (bytes <= 1UL << SLOT_MAX) {
		bytes = 1UL << UK_MAX(uk_log2_ceil(bytes), SLOT_MIN);
		addr = slot_alloc(b, uk_fls(bytes));
	} else if (bytes <= PAGES_MAX << UK_PAGE_SHIFT) {
		bytes = UK_ALIGN_UP(UK_MAX(size, 1UL), UK_PAGE_SIZE);
		addr = run_alloc(b, bytes >> UK_PAGE_SHIFT, UK_MAX(align >> UK_PAGE_SHIFT, 1UL));
	}
	if (addr) {
		b->stats.allocs++;
		b->stats.used += bytes;
		b->stats.peak = UK_MAX(b->stats.peak, b->stats.used);
	} else {
		b->stats.failures++;
	}
	uk_spin_unlock(&b->lock);
	return addr ? (void *)addr : uk_alloc_fail(alloc);
}

void *ukallocbuddy_malloc(struct uk_alloc *alloc, size_t size)
{
	return ukallocbuddy_memalign(alloc, 1, size);
}

void ukallocbuddy_free(struct uk_alloc *alloc, void *ptr)
{
	struct buddy *b = (struct buddy *)alloc;
	uintptr_t addr = (uintptr_t)ptr, i;
	struct arena *a;
	struct page *p;
	size_t n;

	if (!ptr)
		return;
	uk_spin_lock(&b->lock);
	p = page_of(b, addr, &a);
	b->stats.used -= block_size(p);
	b->stats.frees++;
	if (p->slot) {
		slot_free(b, a, p, addr);
	} else {
		n = p->npages;
		p->npages = 0;
		i = p - a->pages;
		range_free(b, a, i, i + n);
	}
	uk_spin_unlock(&b->lock);
}

void *ukallocbuddy_realloc(struct uk_alloc *alloc, void *ptr, size_t size)
{
	size_t have;

	if (!ptr)
		return ukallocbuddy_malloc(alloc, size);
	have = ukallocbuddy_usable_size(alloc, ptr);
	/* Stay unless the block would be more than half empty. */
	return size <= have && size > have / 2 ? ptr : uk_alloc_realloc_move(alloc, ptr, size);
}

size_t ukallocbuddy_usable_size(struct uk_alloc *alloc, const void *ptr)
{
	struct buddy *b = (struct buddy *)alloc;
	struct arena *a;
	size_t size;

	if (!ptr)
		return 0;
	uk_spin_lock(&b->lock);
	size = block_size(page_of(b, (uintptr_t)ptr, &a));
	uk_spin_unlock(&b->lock);
	return size;
}

int ukallocbuddy_addmem(struct uk_alloc *alloc, void *base, size_t len)
{
	struct buddy *b = (struct buddy *)alloc;
	uintptr_t start = UK_ALIGN_UP((uintptr_t)base, UK_PAGE_SIZE);
	uintptr_t end = UK_ALIGN_DOWN((uintptr_t)base + len, UK_PAGE_SIZE);
	struct arena *a = NULL;

	uk_spin_lock(&b->lock);
	if (start < end)
		a = arena_add(b, start, end - start, false);
	if (a)
		range_free(b, a, 0, a->npages);
	uk_spin_unlock(&b->lock);
	return a ? 0 : -EINVAL;
}

size_t ukallocbuddy_trim(struct uk_alloc *alloc)
{
	struct buddy *b = (struct buddy *)alloc;
	size_t got;

	/* Called by the source that we are just asking for more. */
	if (!uk_alloc_lock_idle(&b->lock, &b->busy))
		return 0;
	got = return_idle(b);
	uk_spin_unlock(&b->lock);
	return got;
}

void ukallocbuddy_stats(struct uk_alloc *alloc, struct uk_alloc_stats *st)
{
	struct buddy *b = (struct buddy *)alloc;

	uk_spin_lock(&b->lock);
	*st = b->stats;
	st->largest = b->orders ? UK_PAGE_SIZE << uk_fls(b->orders) : 0;
	uk_spin_unlock(&b->lock);
}

struct uk_alloc *ukallocbuddy_create(void *base, size_t len, const struct uk_alloc_source *source)
{
	uintptr_t start = UK_ALIGN_UP((uintptr_t)base, (uintptr_t)UK_ALLOC_ALIGN);
	size_t lost = start - (uintptr_t)base + sizeof(struct buddy);
	struct buddy *b = (struct buddy *)start;
	unsigned i;

	if (len < lost)
		return NULL;
	memset(b, 0, sizeof(*b));
	b->alloc.ops = UK_OPS(&ukallocbuddy_ops);
	b->alloc.source = source;
	for (i = 0; i < ORDERS; i++)
		uk_list_init(&b->free[i]);
	for (i = 0; i <= SLOT_MAX; i++)
		uk_list_init(&b->slots[i]);
	ukallocbuddy_addmem(&b->alloc, b + 1, len - lost); /* too little left is no error */
	return &b->alloc;
}
