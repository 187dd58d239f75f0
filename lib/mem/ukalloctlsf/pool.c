/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of tlsf: finding, splitting and merging free blocks, and the pieces that they lie in.
 *
 * Invariants, outside of these functions:
 * - no two free blocks adjoin (those in quick lists are not free in this sense);
 * - a block is on list (fl, sl) exactly if it is free and class_of() its size is that pair;
 * - a bit of fl_map and sl_map is set exactly if there is a block below it;
 * - HEAD_PREV_FREE is set exactly if the block before is free, and then its last word is its size.
 *
 * Every header is verified before it is acted upon, and a block is unlinked only if its neighbours
 * on the list point back at it.
 */
#include "tlsf.h"
#include <uk/plat/mem.h>

#define GROW_MIN   (64UL << 10) /* pieces to ask for: an eighth of the heap within these */
#define GROW_MAX   (4UL << 20)
#define RETURN_MIN (256UL << 10) /* idle memory to return at once: an eighth, at least this */
#define FIT_TRIES  8             /* blocks to look at on a list where not all fit */

/* ---- what goes wrong ---- */

UK_COLD void tlsf_corrupt(struct tlsf *t, uintptr_t b, const char *what)
{
	uint64_t head;

	if (b % UK_ALLOC_ALIGN)
		uk_panic("heap: %s(%p): not an address that malloc returned", what, (void *)b);
	head = head_get(t, b);
	if (!(head & HEAD_CHECK) && !(head & HEAD_USED))
		uk_panic("heap: %s(%p): this block is free already (double free)", what, (void *)b);
	if (head & HEAD_CHECK)
		uk_panic(
			"heap: %s: the header of block %p is overwritten (an overflow of the block "
			"before it, or not an address that malloc returned)",
			what, (void *)b);
	uk_panic("heap: %s: block %p is corrupt: head %lx", what, (void *)b, (unsigned long)head);
}

uint64_t tlsf_check_used(struct tlsf *t, uintptr_t b, const char *what)
{
	uint64_t head;

	if (!TLSF_CHECKED)
		return head_get(t, b);
	if (UK_UNLIKELY(b % UK_ALLOC_ALIGN))
		tlsf_corrupt(t, b, what);
	head = head_get(t, b);
	if (UK_UNLIKELY((head & (HEAD_CHECK | HEAD_USED | HEAD_FREE)) != HEAD_USED ||
			!head_size(head)))
		tlsf_corrupt(t, b, what);
	if (UK_UNLIKELY(head_get(t, b + head_size(head)) & HEAD_CHECK))
		tlsf_corrupt(t, b + head_size(head), what);
	return head;
}

/* ---- the two levels ---- */

struct class
{
	unsigned fl, sl;
};

/* The list that a free block of this size is on. */
static UK_NOINLINE struct class class_of(size_t size)
{
	unsigned top;

	if (size < TLSF_LINEAR)
		return (struct class){ 0, size / 16 };
	top = uk_fls(size);
	return (struct class){ top - 7, (size >> (top - TLSF_SL_LOG2)) & (TLSF_SL - 1) };
}

/* The first list all of whose blocks have at least this size. */
static inline struct class class_fitting(size_t size)
{
	if (size >= TLSF_LINEAR)
		size += (1UL << (uk_fls(size) - TLSF_SL_LOG2)) - 1;
	return class_of(size);
}

static void insert(struct tlsf *t, uintptr_t b, size_t size)
{
	struct class c = class_of(size);
	uintptr_t first = tlsf_first(t, c.fl, c.sl);

	*next_of(b) = first;
	*prev_of(b) = 0;
	if (first)
		*prev_of(first) = b;
	t->list[c.fl][c.sl] = b;
	t->fl_map |= 1UL << c.fl;
	t->sl_map[c.fl] |= 1U << c.sl;
}

static UK_NOINLINE void unlink(struct tlsf *t, uintptr_t b, size_t size)
{
	struct class c = class_of(size);
	uintptr_t *list = &t->list[c.fl][c.sl];
	uintptr_t next = *next_of(b), prev = *prev_of(b);

	/* A link that was overwritten must not become a write to where it points. */
	if (TLSF_CHECKED &&
	    UK_UNLIKELY((prev ? *next_of(prev) : *list) != b || (next && *prev_of(next) != b)))
		uk_panic("heap: the links of free block %p are overwritten (a write after free, or "
			 "an overflow)",
			 (void *)b);
	if (next)
		*prev_of(next) = prev;
	if (prev) {
		*next_of(prev) = next;
		return;
	}
	*list = next;
	if (!next) {
		t->sl_map[c.fl] &= ~(1U << c.sl);
		if (!t->sl_map[c.fl])
			t->fl_map &= ~(1UL << c.fl);
	}
}

/* Header of a block that is believed to be free. */
static uint64_t check_free(struct tlsf *t, uintptr_t b)
{
	uint64_t head = head_get(t, b);

	if (TLSF_CHECKED && UK_UNLIKELY((head & (HEAD_CHECK | HEAD_USED | HEAD_FREE)) != HEAD_FREE))
		tlsf_corrupt(t, b, "free list");
	return head;
}

/* Makes [b, size) a free block on its list. The block before is in use. */
static void make_free(struct tlsf *t, uintptr_t b, size_t size)
{
	uintptr_t next = b + size;

	head_set(t, b, size, HEAD_FREE);
	*foot_before(next) = size;
	head_set_prev_free(t, next, true);
	insert(t, b, size);
}

/*
 * Puts the block of `size` that begins at b into use with `want` bytes; the rest becomes free. The
 * block is on no list, and its neighbours' flags say what they said of the whole.
 */
static void make_used(struct tlsf *t, uintptr_t b, size_t size, size_t want, uint64_t prev_free)
{
	uintptr_t next = b + size;

	if (size - want >= TLSF_BLOCK_MIN) {
		make_free(t, b + want, size - want);
		size = want;
	} else {
		head_set_prev_free(t, next, false);
	}
	head_set(t, b, size, HEAD_USED | tlsf_large_flag(size) | prev_free);
}

/* A free block of at least `size`, taken off its list; 0 if there is none. */
static uintptr_t find(struct tlsf *t, size_t size, size_t *found)
{
	struct class c = class_fitting(size);
	uintptr_t b = 0;
	uint64_t map;
	unsigned i;

	if (c.fl < TLSF_FL) {
		map = t->sl_map[c.fl] & (~0UL << c.sl);
		if (map) {
			b = t->list[c.fl][uk_ctz(map)];
		} else {
			map = t->fl_map & (~0UL << c.fl << 1);
			if (map) {
				c.fl = uk_ctz(map);
				b = t->list[c.fl][uk_ctz(t->sl_map[c.fl])];
			}
		}
	}
	if (!b) {
		/* Some of the next smaller list may fit: with little memory worth a look. */
		c = class_of(size);
		b = tlsf_first(t, c.fl, c.sl);
		for (i = 0; b && head_size(check_free(t, b)) < size; b = *next_of(b))
			if (++i == FIT_TRIES)
				return 0;
	}
	if (!b)
		return 0;
	*found = head_size(check_free(t, b));
	unlink(t, b, *found);
	return b;
}

/* ---- pieces ---- */

static inline uintptr_t piece_sentinel(struct piece *p)
{
	return (uintptr_t)p;
}

static void piece_link(struct tlsf *t, struct piece *p)
{
	p->next = t->pieces;
	p->link = &t->pieces;
	if (p->next)
		p->next->link = &p->next;
	t->pieces = p;
}

static void piece_unlink(struct piece *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
}

UK_COLD bool tlsf_add_piece(struct tlsf *t, uintptr_t base, size_t len, bool returnable)
{
	uintptr_t end = UK_ALIGN_DOWN(base + len, (uintptr_t)16);
	struct piece *p = (struct piece *)(end - sizeof(*p));
	uintptr_t first;

	base = UK_ALIGN_UP(base, (uintptr_t)16);
	first = base + PIECE_FIRST;
	if (end < base || end - base < PIECE_COST + TLSF_BLOCK_MIN || end - base >= TLSF_SIZE_END)
		return false;
	p->base = base;
	p->returnable = returnable;
	piece_link(t, p);
	t->total += end - base;
	head_set(t, piece_sentinel(p), 0, HEAD_USED | HEAD_LARGE);
	make_free(t, first, piece_sentinel(p) - first);
	return true;
}

static struct piece *piece_of(struct tlsf *t, uintptr_t b)
{
	struct piece *p = t->pieces;

	while (b < p->base || b >= piece_sentinel(p))
		p = p->next;
	return p;
}

/*
 * Returns the whole pages inside free block b, if they are at least `least` bytes. The piece ends
 * before them, and what is behind them becomes a piece of its own. Bytes returned.
 */
static UK_COLD size_t piece_cut(struct tlsf *t, uintptr_t b, size_t least)
{
	size_t size = head_size(check_free(t, b));
	uintptr_t next = b + size, lo, hi;
	struct piece *p, *left;

	if (!t->alloc.source || !t->alloc.source->less)
		return 0;
	p = piece_of(t, b);
	if (!p->returnable)
		return 0;
	/* Left of the hole: a sentinel with its piece, and the rest of b unless that is nothing. */
	lo = p->base;
	if (b != p->base + PIECE_FIRST) {
		lo = UK_ALIGN_UP(b + sizeof(*p), UK_PAGE_SIZE);
		if (lo - sizeof(*p) - b == 16)
			lo += UK_PAGE_SIZE; /* too little for a block */
	}
	/* Right of it: the rest of b unless that is nothing, then what follows b. */
	hi = piece_sentinel(p) + sizeof(*p);
	if (next != piece_sentinel(p)) {
		hi = UK_ALIGN_DOWN(next - PIECE_FIRST, UK_PAGE_SIZE);
		if (next - (hi + PIECE_FIRST) == 16)
			hi -= UK_PAGE_SIZE;
	}
	if (hi <= lo || hi - lo < least)
		return 0;

	unlink(t, b, size);
	if (lo != p->base) {
		left = (struct piece *)(lo - sizeof(*left));
		left->base = p->base;
		left->returnable = true;
		piece_link(t, left);
		head_set(t, piece_sentinel(left), 0, HEAD_USED | HEAD_LARGE);
		if (piece_sentinel(left) != b)
			make_free(t, b, piece_sentinel(left) - b);
	}
	if (next == piece_sentinel(p)) {
		piece_unlink(p);
	} else {
		p->base = hi;
		if (next != hi + PIECE_FIRST)
			make_free(t, hi + PIECE_FIRST, next - (hi + PIECE_FIRST));
		else
			head_set_prev_free(t, next, false);
	}
	t->total -= hi - lo;
	t->busy = true;
	t->alloc.source->less((void *)lo, hi - lo);
	t->busy = false;
	return hi - lo;
}

UK_COLD size_t tlsf_cut_all(struct tlsf *t)
{
	size_t got = 0;
	uintptr_t b, next;
	unsigned fl, sl;

	/* The smallest that may be worth it: all of a piece of one page. */
	for (fl = class_of(UK_PAGE_SIZE - PIECE_COST).fl; fl < TLSF_FL; fl++) {
		for (sl = 0; sl < TLSF_SL; sl++) {
			for (b = tlsf_first(t, fl, sl); b; b = next) {
				next = *next_of(b);
				got += piece_cut(t, b, UK_PAGE_SIZE);
			}
		}
	}
	return got;
}

/* Asks the source for a piece in which a block of `size` fits. */
static UK_COLD bool grow(struct tlsf *t, size_t size)
{
	const struct uk_alloc_source *source = t->alloc.source;
	size_t least = UK_ALIGN_UP(size + PIECE_COST, UK_PAGE_SIZE);
	/* A power of two: odd runs leave frames between them that fit nobody. */
	size_t want = UK_MIN(UK_MAX(1UL << uk_fls(t->total / 8 | 1), GROW_MIN), GROW_MAX);
	size_t len;
	void *base;

	/* busy: we are inside the source, which ran out and tries to shrink us. */
	if (!source || !source->more || t->busy)
		return false;
	want = UK_MAX(want, least);
	t->busy = true;
	base = source->more(least, want, &len);
	t->busy = false;
	return base && tlsf_add_piece(t, (uintptr_t)base, len, true);
}

/* ---- operations ---- */

/* Puts `size` bytes of the block of `found` bytes at b, which is on no list, into use. */
static uintptr_t use(struct tlsf *t, uintptr_t b, size_t found, size_t size, uint64_t prev_free)
{
	make_used(t, b, found, size, prev_free);
	t->taken += head_size(head_get(t, b));
	t->taken_blocks++;
	t->slow_allocs++;
	if (t->taken > t->peak)
		t->peak = t->taken;
	return b;
}

uintptr_t tlsf_take_some(struct tlsf *t, size_t want, size_t least, size_t most)
{
	size_t found;
	uintptr_t b = find(t, want, &found);

	if (!b)
		b = find(t, least, &found);
	if (!b && grow(t, most))
		b = find(t, want, &found);
	return b ? use(t, b, found, UK_MIN(found, most), 0) : 0;
}

uintptr_t tlsf_take(struct tlsf *t, size_t size, size_t align)
{
	/* With alignment, room for a free block before the aligned address. */
	size_t need = align > UK_ALLOC_ALIGN ? size + align + TLSF_BLOCK_MIN : size;
	size_t found;
	uintptr_t b = find(t, need, &found), at;
	uint64_t prev_free = 0;

	if (!b && tlsf_flush(t))
		b = find(t, need, &found);
	/* Idle pages of ours may be what the source lacks; it cannot take them while asked. */
	if (!b && (grow(t, need) || (tlsf_cut_all(t) && grow(t, need))))
		b = find(t, need, &found);
	if (UK_UNLIKELY(!b))
		return 0;
	if (align > UK_ALLOC_ALIGN && b % align) {
		at = UK_ALIGN_UP(b + TLSF_BLOCK_MIN, align);
		/* A header for the sake of make_free(), which notes in it what is before. */
		head_set(t, at, found - (at - b), 0);
		make_free(t, b, at - b);
		found -= at - b;
		b = at;
		prev_free = HEAD_PREV_FREE;
	}
	return use(t, b, found, size, prev_free);
}

void tlsf_give(struct tlsf *t, uintptr_t b)
{
	uint64_t head = head_get(t, b), other;
	size_t size = head_size(head);
	uintptr_t next = b + size;

	t->taken -= size;
	t->taken_blocks--;
	/* If the header ends up inside a larger block, a second free() must still find it free. */
	head_set(t, b, size, HEAD_FREE);
	other = head_get(t, next);
	if (other & HEAD_FREE) {
		unlink(t, next, head_size(other));
		size += head_size(other);
	}
	if (head & HEAD_PREV_FREE) {
		size_t before = *foot_before(b);

		other = check_free(t, b - before);
		if (TLSF_CHECKED && UK_UNLIKELY(head_size(other) != before))
			tlsf_corrupt(t, b - before, "free");
		b -= before;
		unlink(t, b, before);
		size += before;
	}
	make_free(t, b, size);
	if (UK_UNLIKELY(size >= RETURN_MIN))
		piece_cut(t, b, UK_MAX(RETURN_MIN, t->total / 8));
}

bool tlsf_resize(struct tlsf *t, uintptr_t b, size_t size)
{
	uint64_t head = head_get(t, b), other;
	size_t have = head_size(head), room = have;

	other = head_get(t, b + have);
	if (other & HEAD_FREE)
		room += head_size(other);
	if (room < size)
		return false;
	if (have >= size && have - size < TLSF_BLOCK_MIN)
		return true; /* nothing to cut off, and no use for what follows */
	if (room != have)
		unlink(t, b + have, room - have);
	make_used(t, b, room, size, head & HEAD_PREV_FREE);
	t->taken += head_size(head_get(t, b)) - have;
	if (t->taken > t->peak)
		t->peak = t->taken;
	return true;
}

static UK_COLD bool flush(struct tlsf *t, struct tlsf_cache *c)
{
	bool any = tlsf_give_reserve(t, c);
	unsigned i;

	for (i = TLSF_BLOCK_MIN / 16; i < UK_ARRAY_SIZE(c->quick); i++) {
		while (c->quick[i].head != quick_last(t)) {
			tlsf_give_quick(t, &c->quick[i]);
			any = true;
		}
	}
	return any;
}

UK_COLD bool tlsf_flush(struct tlsf *t)
{
	struct tlsf_cache *c;
	bool any = false;

	for (unsigned i = 0; i < UK_CPUS; i++) {
		c = tlsf_cache_at(t, i);
		if (!c)
			continue;
		tlsf_cache_acquire(c); /* preemption is off */
		any |= flush(t, c);
		uk_spin_release(&c->lock);
	}
	return any;
}
