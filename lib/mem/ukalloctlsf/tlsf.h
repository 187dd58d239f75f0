/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside tlsf: the layout of blocks and of the heap.
 *
 * A block is named by the address that its user gets, a multiple of 16. Sizes are those of whole
 * blocks: a multiple of 16, header included, reaching from b - 8 to b + size - 8.
 *
 *	b - 16  size of the block before, if that one is free (its last word); else its user's data
 *	b - 8   header: size and flags, masked
 *	b       user's data; in a free block the links `next` and `prev`; in a quick list `next` alone
 *
 * Header, unmasked:  63..24 size / 16 | 23..20 flags | 19..0 zero
 * The mask is a secret per heap, xor the block's address. An overflow runs into the low end of the next
 * header first and turns some of those zeroes into ones; a header copied from elsewhere has the wrong
 * address in it.
 *
 * A piece (what more() gave) is a row of blocks between its base and a sentinel, a block of size 0
 * in use, in whose data the piece describes itself.
 */
#ifndef TLSF_H
#define TLSF_H

#include <uk/alloc.h>
#include <uk/bits.h>
#include <uk/print.h>
#include <uk/spinlock.h>

#define HEAD_CHECK     0xfffffUL
#define HEAD_USED      (1UL << 20) /* belongs to a user */
#define HEAD_PREV_FREE (1UL << 21) /* the block before is free: b - 16 has its size */
#define HEAD_LARGE     (1UL << 22) /* in use, and too large for the quick lists */
#define HEAD_FREE      (1UL << 23) /* free and merged; neither of USED and FREE: in a quick list */
#define HEAD_FLAGS     (15UL << 20)
/* All of these are 0 in a block of a quick list; in one that may go there as well, but for USED. */
#define HEAD_MUST_QUICK (HEAD_CHECK | HEAD_USED | HEAD_LARGE | HEAD_FREE)

#define TLSF_HEAD        8
#define TLSF_BLOCK_MIN   32
#define TLSF_QUICK_END   1024 /* block sizes below this have quick lists */
#define TLSF_QUICK_MAX   32   /* blocks in one of them */

/* Second level: 2^4 lists per power of two. Below 256 there is one list for each size. */
#define TLSF_SL_LOG2  4
#define TLSF_SL       (1U << TLSF_SL_LOG2)
#define TLSF_LINEAR   256UL
#define TLSF_FL       33U
#define TLSF_SIZE_END (1UL << 40) /* blocks are smaller than this: FL and the header's 40 bits */
#define TLSF_REQUEST_MAX (TLSF_SIZE_END / 2)

/* Of quick.count: 63..16 blocks taken out so far, 15..0 blocks in the list. */
#define QUICK_BLOCKS 0xffffUL
#define QUICK_TAKE   0xffffUL /* to be added: one more taken, one less there */

struct quick {
	uintptr_t head;
	uint64_t count;
};

struct piece {
	struct piece *next;
	struct piece **link; /* what points here */
	uintptr_t base;      /* the first block is at base + PIECE_FIRST */
	bool returnable;     /* came from the source */
};

#define PIECE_FIRST 16
/* What a piece needs besides its blocks: alignment and first header, sentinel, description. */
#define PIECE_COST (PIECE_FIRST + sizeof(struct piece))

struct tlsf {
	struct uk_alloc alloc;
	struct uk_spinlock lock;
	uint64_t key;      /* mask of headers */
	uint64_t key_used; /* key ^ HEAD_USED: saves the fast path of free() an instruction */
	struct quick quick[TLSF_QUICK_END / 16];

	uint64_t fl_map; /* first levels with a block */
	uint16_t sl_map[TLSF_FL];
	uintptr_t list[TLSF_FL][TLSF_SL];
	struct piece *pieces;
	bool busy; /* inside the source: trim() must keep off */

	size_t total;        /* in pieces */
	size_t taken;        /* in blocks that are not free: in use or in quick lists */
	size_t taken_blocks;
	size_t peak;         /* of taken */
	uint64_t slow_allocs; /* those that quick lists did not count */
	uint64_t failures;
};

UK_STATIC_ASSERT(sizeof(struct piece) == 32, "piece_cut() and PIECE_COST rely on it");

static inline void tlsf_lock(struct tlsf *t)
{
	uk_spin_lock(&t->lock);
}

static inline void tlsf_unlock(struct tlsf *t)
{
	uk_spin_unlock(&t->lock);
}

/* ---- blocks ---- */

static inline uint64_t *head_of(uintptr_t b)
{
	return (uint64_t *)(b - TLSF_HEAD);
}

static inline uint64_t head_get(const struct tlsf *t, uintptr_t b)
{
	return *head_of(b) ^ b ^ t->key;
}

static inline void head_set(const struct tlsf *t, uintptr_t b, size_t size, uint64_t flags)
{
	*head_of(b) = ((uint64_t)size << 20 | flags) ^ b ^ t->key;
}

static inline size_t head_size(uint64_t head)
{
	return head >> 24 << 4;
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

/* ---- pool.c: blocks that are free, pieces ---- */

/* A block of exactly `size` in use, aligned to `align`; grows the heap if it must. 0: none. */
uintptr_t tlsf_take(struct tlsf *t, size_t size, size_t align);

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

#endif
