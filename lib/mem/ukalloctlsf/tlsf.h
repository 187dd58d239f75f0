/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside tlsf: the layout of blocks and of the heap.
 *
 * A block is named by the address that its user gets, a multiple of 16. Sizes are those of whole
 * blocks: a multiple of 16, header included, reaching from b - 8 to b + size - 8.
 *
 *	b - 16  size of the block before, if that one is free (its last word); else its user's data
 *	b - 8   header: size and flags, masked
 *	b       user's data; the links `next` and `prev` of a free block; `next` in a quick list
 *
 * Header, unmasked:  63..20 size, a multiple of 16 | 19..16 flags | 15..0 zero
 *
 * Bits 23..20 are zero as well, so that 20 bits can be checked. The mask is a secret per heap,
 * xor the block's address. An overflow runs into the low end of the next header first and turns
 * some of those zeroes into ones; a header copied from elsewhere has the wrong address in it
 * (unless that is a multiple of 64 KiB away).
 *
 * A piece (what more() gave) is a row of blocks between its base and a sentinel, a block of size 0
 * in use, in whose data the piece describes itself.
 */
#ifndef TLSF_H
#define TLSF_H

#include <uk/alloc.h>
#include <uk/atomic.h>
#include <uk/bits.h>
#include <uk/config.h>
#include <uk/print.h>
#include <uk/spinlock.h>

/* Without it no header and no link is verified: what callers get wrong goes its way. */
#ifdef CONFIG_HARDEN_ALLOC
#define TLSF_CHECKED true
#else
#define TLSF_CHECKED false
#endif

#define HEAD_CHECK      (TLSF_CHECKED ? 0xf0ffffUL : 0UL)
#define HEAD_USED       (1UL << 16) /* belongs to a user */
#define HEAD_PREV_FREE  (1UL << 17) /* the block before is free: b - 16 has its size */
#define HEAD_LARGE      (1UL << 18) /* in use, and too large for the quick lists */
#define HEAD_FREE       (1UL << 19) /* free and merged; neither of USED and FREE: in a quick list */
#define HEAD_FLAGS      (15UL << 16)
/* All of these are 0 in a block of a quick list; in one that may go there as well, but for USED. */
#define HEAD_MUST_QUICK (HEAD_CHECK | HEAD_USED | HEAD_LARGE | HEAD_FREE)

#define TLSF_HEAD        8
#define TLSF_BLOCK_MIN   32
#define TLSF_QUICK_END   1536  /* block sizes below this have quick lists */
#define TLSF_RESERVE     16384 /* what a CPU takes from the pool at most, to cut off: batch.c */
#define TLSF_QUICK_BYTES 8192  /* what one of them may hold, but 4 to 32 blocks */

/* Second level: 2^4 lists per power of two. Below 256 there is one list for each size. */
#define TLSF_SL_LOG2     4
#define TLSF_SL          (1U << TLSF_SL_LOG2)
#define TLSF_LINEAR      256UL
#define TLSF_FL          33U
#define TLSF_SIZE_END    (1UL << 40) /* blocks are smaller than this, because of FL */
#define TLSF_REQUEST_MAX (TLSF_SIZE_END / 2)

struct quick {
	uintptr_t head; /* the list ends in tlsf.last */
	int64_t room;   /* how many more blocks may be put in */
};

/*
 * The quick lists, with several CPUs one set for each: malloc() and free() of small blocks take
 * only the lock of their own, which others take when they need memory, or look at statistics.
 *
 * A block in use, or in a quick list, is named by two parties then: HEAD_USED is changed by whoever
 * owns it, HEAD_PREV_FREE by the pool when its neighbour comes or goes. Both change one bit of a
 * header that may change meanwhile, atomically. The size stays as long as it is the owner's.
 */
struct tlsf_cache {
	struct uk_spinlock lock;
	uint64_t allocs;
#ifdef CONFIG_SMP
	uintptr_t
		reserve; /* batch.c: a block that is neither free nor in use; or 0. The pool's lock */
#endif
	struct quick quick[TLSF_QUICK_END / 16];
} UK_CPU_ALIGNED;

struct piece {
	struct piece *next;
	struct piece **link; /* what points here */
	uintptr_t base;      /* the first block is at base + PIECE_FIRST */
	bool returnable;     /* came from the source */
};

#define PIECE_FIRST 16
/* What a piece needs besides its blocks: alignment and first header, sentinel, description. */
#define PIECE_COST  (PIECE_FIRST + sizeof(struct piece))

struct tlsf {
	struct uk_alloc alloc;
	uint64_t key;      /* mask of headers */
	uint64_t key_used; /* key ^ HEAD_USED: saves the fast path of free() an instruction */
#ifdef CONFIG_SMP
	/* What each CPU uses: the first's, until it is found to need one of its own. */
	struct tlsf_cache *cache[UK_CPUS];
#endif
	/*
	 * A block that ends every quick list. It has the header of one in use: malloc() finds that
	 * out by the check that it makes anyway, and need not ask whether the list is empty.
	 */
	uint64_t last[3] UK_ALIGNED(16);

	/* Of all that follows, and all of a header but HEAD_USED. Order: this, a cache's; never back. */
	struct uk_spinlock lock UK_CPU_ALIGNED;
	uint64_t fl_map; /* first levels with a block */
	uint16_t sl_map[TLSF_FL];
	struct piece *pieces;
	bool busy; /* inside the source: trim() must keep off */

	size_t total; /* in pieces */
	size_t taken; /* in blocks that are not free: in use or in quick lists */
	size_t taken_blocks;
#ifdef CONFIG_SMP
	size_t own,
		own_blocks; /* quick lists of CPUs: in blocks as well, and not counted in these */
#endif
	size_t peak;          /* of taken */
	uint64_t slow_allocs; /* those that quick lists did not count */
	uint64_t failures;

	struct tlsf_cache first;
	uintptr_t list[TLSF_FL][TLSF_SL]; /* what it says counts where sl_map has a bit only */
};

UK_STATIC_ASSERT(sizeof(struct quick) == 16, "quick_of() relies on it");
UK_STATIC_ASSERT(sizeof(struct piece) == 32, "piece_cut() and PIECE_COST rely on it");

static inline void tlsf_lock(struct tlsf *t)
{
	uk_spin_lock(&t->lock);
}

static inline void tlsf_unlock(struct tlsf *t)
{
	uk_spin_unlock(&t->lock);
}

/* The first block of a list, 0 if it is empty. */
static inline uintptr_t tlsf_first(const struct tlsf *t, unsigned fl, unsigned sl)
{
	return t->sl_map[fl] >> sl & 1 ? t->list[fl][sl] : 0;
}

/* ---- blocks ---- */

static inline uintptr_t quick_last(struct tlsf *t)
{
	return (uintptr_t)&t->last[2];
}

static inline uint64_t *head_of(uintptr_t b)
{
	return (uint64_t *)(b - TLSF_HEAD);
}

static inline uint64_t head_get(const struct tlsf *t, uintptr_t b)
{
	return uk_shared_get(*head_of(b)) ^ b ^ t->key;
}

/* Who frees the block before it looks at it meanwhile, and finds that one or this one. */
static inline void head_set(const struct tlsf *t, uintptr_t b, size_t size, uint64_t flags)
{
	uk_shared_set(*head_of(b), ((uint64_t)size << 20 | flags) ^ b ^ t->key);
}

static inline size_t head_size(uint64_t head)
{
	return head >> 20;
}

static inline uintptr_t *next_of(uintptr_t b)
{
	return (uintptr_t *)b;
}

static inline uintptr_t *prev_of(uintptr_t b)
{
	return (uintptr_t *)b + 1;
}

/* Size of the free block before b: the last word of that block. */
static inline size_t *foot_before(uintptr_t b)
{
	return (size_t *)(b - 16);
}

/* Changes one flag of a block's header, of which others may change another. */
static inline void head_flip(uintptr_t b, uint64_t flag)
{
	if (UK_CPUS > 1)
		__atomic_fetch_xor(head_of(b), flag, __ATOMIC_RELAXED);
	else
		*head_of(b) ^= flag;
}

/*
 * A block that was in use is so no longer; false, with nothing changed, if another CPU was faster:
 * two have freed it at once.
 */
static inline bool head_unuse(const struct tlsf *t, uintptr_t b)
{
	uint64_t used = (b ^ t->key_used) & HEAD_USED, old;

	if (UK_CPUS == 1 || !TLSF_CHECKED) {
		head_flip(b, HEAD_USED);
		return true;
	}
	old = __atomic_fetch_xor(head_of(b), HEAD_USED, __ATOMIC_RELAXED) & HEAD_USED;
	if (UK_LIKELY(old == used))
		return true;
	head_flip(b, HEAD_USED);
	return false;
}

/* The block before b, which may be somebody's, came or went as a free one. With the pool's lock. */
static inline void head_set_prev_free(const struct tlsf *t, uintptr_t b, bool is_free)
{
	uint64_t head = head_get(t, b);

	if (UK_CPUS > 1) {
		if (is_free != !!(head & HEAD_PREV_FREE))
			head_flip(b, HEAD_PREV_FREE);
		return;
	}
	head = is_free ? head | HEAD_PREV_FREE : head & ~HEAD_PREV_FREE;
	head_set(t, b, head_size(head), head & HEAD_FLAGS);
}

/* ---- quick lists ---- */

/* The n-th set of quick lists, NULL: that CPU has none of its own. */
static inline struct tlsf_cache *tlsf_cache_at(struct tlsf *t, unsigned n)
{
#ifdef CONFIG_SMP
	if (n)
		return t->cache[n] != &t->first ? t->cache[n] : NULL;
#else
	(void)n;
#endif
	return &t->first;
}

/* Whoever takes it first names its class: taken inside the pool's, it is not one like that. */
static inline void tlsf_cache_acquire(struct tlsf_cache *c)
{
	uk_lock_name(&c->lock, "cache");
	uk_spin_acquire(&c->lock);
}

/* This CPU's quick lists, locked. */
static inline struct tlsf_cache *tlsf_cache_lock(struct tlsf *t)
{
	struct tlsf_cache *c;

	uk_preempt_disable();
#ifdef CONFIG_SMP
	c = UK_READ_ONCE(t->cache[uk_cpu()]);
#else
	c = &t->first;
#endif
	tlsf_cache_acquire(c);
	return c;
}

static inline void tlsf_cache_unlock(struct tlsf_cache *c)
{
	uk_spin_unlock(&c->lock);
}

/* How many blocks of a size its quick list may hold. */
static inline int64_t tlsf_quick_capacity(size_t size)
{
	return UK_MIN(UK_MAX(TLSF_QUICK_BYTES / size, 4UL), 32UL);
}

/* What a block of this size in use has in its header. */
static inline uint64_t tlsf_large_flag(size_t size)
{
	return size >= TLSF_QUICK_END ? HEAD_LARGE : 0;
}

/* ---- pool.c: blocks that are free, pieces ---- */

/* A block of exactly `size` in use, aligned to `align`; grows the heap if it must. 0: none. */
uintptr_t tlsf_take(struct tlsf *t, size_t size, size_t align);

/*
 * The same for a block of `want` to `most` bytes if there is one, else of `least` or more: what it finds. Grows the
 * heap if there is none, but empties no cache.
 */
uintptr_t tlsf_take_some(struct tlsf *t, size_t want, size_t least, size_t most);

/* Frees block b, whose header was verified: merges it and returns what is much. */
void tlsf_give(struct tlsf *t, uintptr_t b);

/* Makes block b, in use, `size` long: cuts its end off or takes from a free block behind. */
bool tlsf_resize(struct tlsf *t, uintptr_t b, size_t size);

/* Empties the quick lists. True if there was anything in them. */
bool tlsf_flush(struct tlsf *t);

/* Turns [base, base + len) into a piece. False if it is too short. */
bool tlsf_add_piece(struct tlsf *t, uintptr_t base, size_t len, bool returnable);

/* Returns to the source all whole pages that are idle; their bytes. */
size_t tlsf_cut_all(struct tlsf *t);

/* Walks everything and panics at the first thing that is wrong. */
void tlsf_verify(struct tlsf *t);

/* Verifies that b is a block in use and not overflowed, and returns its header; else panics. */
uint64_t tlsf_check_used(struct tlsf *t, uintptr_t b, const char *what);

/* Says what is wrong with block b, which operation `what` met, and panics. */
UK_NORETURN void tlsf_corrupt(struct tlsf *t, uintptr_t b, const char *what);

/* Frees the first block of a quick list, which is locked as well. */
static inline void tlsf_give_quick(struct tlsf *t, struct quick *q)
{
	uintptr_t b = q->head;

	if (UK_UNLIKELY(head_get(t, b) & HEAD_MUST_QUICK))
		tlsf_corrupt(t, b, "flush");
	q->head = *next_of(b);
	q->room++;
	tlsf_give(t, b);
}

/* Frees what cache c has in reserve. True if there was anything. */
static inline bool tlsf_give_reserve(struct tlsf *t UK_UNUSED, struct tlsf_cache *c UK_UNUSED)
{
#ifdef CONFIG_SMP
	uintptr_t b = c->reserve;

	c->reserve = 0;
	if (b)
		tlsf_give(t, b);
	return b;
#else
	return false;
#endif
}

/* ---- batch.c: with several CPUs ---- */

/* A block of `size`, in use, and some for this CPU's quick list. 0: no memory. */
uintptr_t tlsf_refill(struct tlsf *t, size_t size);

/* If this CPU's quick list is full, frees half of it. */
void tlsf_drain(struct tlsf *t, size_t size);

#endif
