/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest allocator: a pointer that moves through a piece of memory. free() does nothing.
 *
 * Each block has its size in the 8 bytes before it, for realloc(). When the piece is used up, the
 * source gives another, and what is left of the old one is lost. docs/write-an-allocator.md
 * builds this file step by step.
 */
#include <uk/allocregion.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/spinlock.h>

#define HEAD  sizeof(size_t)
#define PIECE (64UL << 10) /* what to ask the source for */

struct region {
	struct uk_alloc alloc; /* first: what callers hold is a pointer to this */
	struct uk_spinlock lock;
	uintptr_t next; /* free memory of the current piece: [next, end) */
	uintptr_t end;
	struct uk_alloc_stats stats;
};

UK_ALLOC_PROVIDER(ukallocregion);
UK_ALLOC_OPS(ukallocregion);

static size_t *size_of(const void *p)
{
	return (size_t *)p - 1;
}

/* Makes [base, base + len) the current piece if that is a gain. */
static bool use_piece(struct region *r, uintptr_t base, size_t len)
{
	if (len <= r->end - r->next)
		return false;
	r->next = base;
	r->end = base + len;
	r->stats.total += len;
	return true;
}

/* Takes a block out of the current piece; NULL if it has no room. */
static void *carve(struct region *r, size_t align, size_t size)
{
	uintptr_t p = UK_ALIGN_UP(r->next + HEAD, UK_MAX(align, (size_t)UK_ALLOC_ALIGN));

	if (p < r->next || p > r->end || size > r->end - p)
		return NULL;
	r->stats.used += p + size - r->next;
	r->stats.allocs++;
	r->next = p + size;
	*size_of((void *)p) = size;
	return (void *)p;
}

void *ukallocregion_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	struct region *r = (struct region *)a;
	size_t need = UK_ALIGN_UP(size + align + 2 * UK_ALLOC_ALIGN, UK_PAGE_SIZE), len;
	void *p, *piece;

	if (!uk_is_pow2(align) || align > SIZE_MAX / 4 || size > SIZE_MAX / 4)
		return uk_alloc_fail(a); /* within these bounds nothing overflows */
	uk_spin_lock(&r->lock);
	p = carve(r, align, size);
	if (!p && a->source && a->source->more) {
		piece = a->source->more(need, UK_MAX(need, PIECE), &len);
		if (piece && use_piece(r, (uintptr_t)piece, len))
			p = carve(r, align, size);
	}
	r->stats.failures += !p;
	uk_spin_unlock(&r->lock);
	return p ? p : uk_alloc_fail(a);
}

void *ukallocregion_malloc(struct uk_alloc *a, size_t size)
{
	return ukallocregion_memalign(a, UK_ALLOC_ALIGN, size);
}

void ukallocregion_free(struct uk_alloc *a, void *p)
{
	if (p)
		((struct region *)a)->stats.frees++;
}

void *ukallocregion_realloc(struct uk_alloc *a, void *p, size_t size)
{
	struct region *r = (struct region *)a;
	bool fits;

	if (!p)
		return ukallocregion_malloc(a, size);
	uk_spin_lock(&r->lock);
	if ((uintptr_t)p + *size_of(p) == r->next && size <= r->end - (uintptr_t)p) {
		r->stats.used += size - *size_of(p); /* the last block moves its end */
		r->next = (uintptr_t)p + size;
		*size_of(p) = size;
	}
	fits = size <= *size_of(p);
	uk_spin_unlock(&r->lock);
	return fits ? p : uk_alloc_realloc_move(a, p, size);
}

size_t ukallocregion_usable_size(struct uk_alloc *a, const void *p)
{
	return p ? *size_of(p) : 0;
}

int ukallocregion_addmem(struct uk_alloc *a, void *base, size_t len)
{
	struct region *r = (struct region *)a;
	bool used;

	uk_spin_lock(&r->lock);
	used = use_piece(r, (uintptr_t)base, len);
	uk_spin_unlock(&r->lock);
	return used ? 0 : -EINVAL;
}

size_t ukallocregion_trim(struct uk_alloc *a UK_UNUSED)
{
	return 0;
}

void ukallocregion_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	struct region *r = (struct region *)a;

	*st = r->stats;
	st->peak = st->used;
	st->largest = r->end - r->next < 32 ? 0 : r->end - r->next - 32; /* header, alignment */
}

struct uk_alloc *ukallocregion_create(void *base, size_t len, const struct uk_alloc_source *source)
{
	uintptr_t start = UK_ALIGN_UP((uintptr_t)base, (uintptr_t)UK_ALLOC_ALIGN);
	size_t lost = start - (uintptr_t)base + sizeof(struct region);
	struct region *r = (struct region *)start;

	if (len < lost)
		return NULL;
	*r = (struct region){ .alloc = { .ops = UK_OPS(&ukallocregion_ops), .source = source } };
	use_piece(r, start + sizeof(*r), len - lost);
	return &r->alloc;
}
