/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the slab allocator: classes, arenas and magazines.
 *
 * Small blocks come in classes of one size each. A slab is a run of pages cut into blocks of a class;
 * larger blocks are runs of pages of their own. Pages lie in arenas (what the source gave):
 *
 *	| struct arena | a descriptor per page | a state per 16 bytes | pages ... |
 *
 * The state of a block is one byte, found from its address by a shift: its class while a user holds
 * it (STATE_RUN for a run), 0 in all other cases. So free() learns at once whether this is the start
 * of a block in use, and its class. Blocks hold nothing of ours, free or not: what is
 * written past the end of one, or after it was freed, harms other users only.
 *
 * In front of the slabs is a magazine per class, a small stack of blocks ready to be handed out.
 * With several CPUs each has magazines of its own, and the lock is for what is below them:
 * magazine_of() is the one place that chooses.
 */
#ifndef SLAB_H
#define SLAB_H

#include <uk/alloc.h>
#include <uk/bits.h>
#include <uk/config.h>
#include <uk/list.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/spinlock.h>

#define GRAIN          16U
#define SLAB_LINEAR    512U /* up to here a class per 16 bytes, then four per power of two */
#define SLAB_SIZE_MAX  8192U
#define CLASSES        49U /* 1 to 48; number 0 is what requests for 0 bytes come to */
#define SLAB_PAGES_MAX 8U
#define BLOCKS_MAX     256U /* in a slab: a page of the smallest */
#define MAGAZINE       15U
#define BINS           28U /* free runs by the power of two of their length */
#define ARENAS_CACHED  16U
#define STATE_RUN      CLASSES

enum page_kind { PAGE_INSIDE, PAGE_FREE, PAGE_RUN, PAGE_SLAB };

/* Describes a page; but for `first`, what is said of a run stands in its first page. */
struct page {
	struct uk_list link; /* free run: in its bin; slab with available blocks: in its class */
	uint64_t
		avail[BLOCKS_MAX / 64]; /* slab: blocks that are neither in use nor in a magazine */
	uint32_t npages;                /* length of the run; of a free one also in its last page */
	uint32_t first;                 /* which page of the arena the run begins with */
	uint16_t navail;
	uint8_t kind;
	uint8_t class;
};

struct arena {
	uintptr_t base; /* of page 0 */
	size_t grains;  /* of all pages */
	struct arena *next;
	uint8_t *state;
	uintptr_t start; /* what the source gave: [start, end) */
	uintptr_t end;
	bool returnable;
	struct page pages[];
};

/* A block on its way: in no slab's bitmap, and with its state at hand. */
struct round {
	uintptr_t block;
	uint8_t *state;
};

/*
 * A power of two in size, since the fast paths compute its address. Those of class 0 and of
 * STATE_RUN are always empty and full at the same time, which sends both into the slow path.
 */
struct magazine {
	struct round *top;   /* the last one put in; if it is empty, the place before the first */
	struct round *limit; /* top if it is full */
	struct round round[MAGAZINE];
};

struct class
{
	uint32_t size;
	uint16_t pages;       /* of a slab */
	uint16_t blocks;      /* in it */
	struct uk_list slabs; /* those with available blocks */
};

struct slab {
	struct uk_alloc alloc;
	struct uk_spinlock lock;
	bool busy; /* inside the source: trim() must keep off */
	uint64_t fast_allocs;
	struct arena *cache[ARENAS_CACHED]; /* by address; see slab_arena_of() */
	struct magazine magazine[CLASSES + 1];

	struct arena none; /* holds nothing: what the cache says of unknown addresses */
	struct class class[CLASSES];
	struct arena *arenas;
	struct uk_list bin[BINS];
	uint32_t bins; /* bit n: bin[n] is not empty */
	uint64_t random;

	size_t total;
	size_t taken; /* in blocks that are in use or in magazines */
	size_t taken_blocks;
	size_t peak; /* of taken */
	uint64_t slow_allocs;
	uint64_t failures;
};

static inline struct arena **slab_cached(struct slab *s, uintptr_t p)
{
	return &s->cache[p >> 16 & (ARENAS_CACHED - 1)];
}

static inline struct page *slab_page(struct arena *a, uintptr_t p)
{
	struct page *pg = &a->pages[(p - a->base) >> UK_PAGE_SHIFT];

	return pg->kind == PAGE_INSIDE ? &a->pages[pg->first] : pg;
}

static inline uintptr_t slab_address(struct arena *a, const struct page *pg)
{
	return a->base + ((uintptr_t)(pg - a->pages) << UK_PAGE_SHIFT);
}

/* The place before the first round, which is the magazine's own address. */
static inline struct round *slab_bottom(struct magazine *m)
{
	return (struct round *)m;
}

static inline size_t slab_rounds(struct magazine *m)
{
	return m->top - slab_bottom(m);
}

/* Which grain of its arena an address is; huge if it is none of its pages, or not at a grain. */
static inline size_t slab_grain(struct arena *a, uintptr_t p)
{
	uintptr_t at = p - a->base;

	return at >> 4 | at << 60;
}

static inline uint8_t *slab_state(struct arena *a, uintptr_t p)
{
	return &a->state[(p - a->base) / GRAIN];
}

UK_STATIC_ASSERT(offsetof(struct magazine, round) == sizeof(struct round), "slab_bottom()");
UK_STATIC_ASSERT(sizeof(struct magazine) == 256, "the fast paths shift by 8");
UK_STATIC_ASSERT(GRAIN == 16, "slab_grain() shifts by 4");

/* ---- arena.c: runs of pages ---- */

/* The arena with address p among its pages, or NULL. */
struct arena *slab_arena_of(struct slab *s, uintptr_t p);

/* Makes [base, base + len) an arena; false if it is too small for a page. */
bool slab_arena_add(struct slab *s, uintptr_t base, size_t len, bool returnable);

/*
 * A run of pages whose address is a multiple of `align`, in one of our arenas: NULL if there is
 * none. The caller sets its kind.
 */
struct page *slab_run_take(struct slab *s, size_t npages, size_t align, struct arena **arena);

/* Frees a run: it merges with its neighbours. A large arena that is then empty goes back. */
void slab_run_give(struct slab *s, struct arena *a, struct page *pg);

/* Makes a run longer or shorter where it is; false if what follows is not free. */
bool slab_run_resize(struct slab *s, struct arena *a, struct page *pg, size_t npages);

/* Asks the source for an arena with room for such a run. */
bool slab_grow(struct slab *s, size_t npages, size_t align);

/* Returns all arenas without a block; their bytes. */
size_t slab_return_empty(struct slab *s);

/* The longest free run, in pages. */
size_t slab_longest_run(struct slab *s);

#endif
