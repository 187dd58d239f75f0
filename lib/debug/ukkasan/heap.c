/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layer between callers and the default heap. A block of the allocator becomes
 *
 *	base ... | struct chunk | block | zone
 *
 * of which only the block may be touched. After free() it waits in quarantine, closed, until enough
 * more has been freed.
 */
#include <uk/alloc.h>
#include <uk/callers.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/spinlock.h>

#include "internal.h"

UK_PARAM_UINT(kasan, quarantine, (uint64_t)CONFIG_LIBUKKASAN_QUARANTINE << 10,
	      "bytes of freed blocks that are kept back from use");

UK_STATIC_ASSERT(sizeof(struct chunk) % UK_ALLOC_ALIGN == 0, "blocks would not be aligned");

static struct uk_spinlock lock;

/*
 * While the allocator runs it may touch what is closed; and if it asks others for memory, they may ask
 * the heap for some, which comes back here.
 */
static void enter(void)
{
	uk_spin_lock(&lock);
	kasan_suspended_cpu = uk_cpu() + 1;
}

static void leave(void)
{
	kasan_suspended_cpu = 0;
	uk_spin_unlock(&lock);
}

static struct {
	struct chunk *first, **last;
	size_t bytes, blocks;
} quarantine = { .last = &quarantine.first };

static size_t held; /* bytes of blocks that callers hold, with what surrounds them */

static size_t zone(size_t size)
{
	return UK_MAX(16UL, UK_MIN(size / 8, 2048UL));
}

/* From the block's start to the end of what was allocated for it. */
static size_t extent(size_t size)
{
	return UK_ALIGN_UP(size + zone(size), 16);
}

static size_t whole(const struct chunk *c)
{
	return (size_t)((char *)(c + 1) - c->base) + extent(c->size);
}

static struct chunk *chunk_of(const void *p)
{
	return (struct chunk *)((uintptr_t)p - sizeof(struct chunk));
}

/* Back to the allocator, with the lock held. What it has is closed to all others. */
static void release(struct uk_alloc *a, struct chunk *c)
{
	c->magic = 0;
	uk_sanitize_close(c->base, whole(c), UK_KASAN_HEAP);
	a->ops->free(a, c->base);
}

static void shrink_quarantine(struct uk_alloc *a, size_t limit)
{
	while (quarantine.bytes > limit) {
		struct chunk *c = quarantine.first;

		quarantine.first = c->next;
		if (!quarantine.first)
			quarantine.last = &quarantine.first;
		quarantine.bytes -= whole(c);
		quarantine.blocks--;
		release(a, c);
	}
}

static void *get(struct uk_alloc *a, size_t align, size_t size)
{
	return align <= UK_ALLOC_ALIGN ? a->ops->malloc(a, size) : a->ops->memalign(a, align, size);
}

void *uk_kasan_malloc(struct uk_alloc *a, size_t align, size_t size)
{
	size_t before = UK_ALIGN_UP(sizeof(struct chunk), UK_MAX(align, 1UL));
	struct chunk *c;
	char *base, *p;

	/* The allocator answers what is impossible, and counts it. */
	if (size >= VA_LIMIT || align & (align - 1) || align >= VA_LIMIT)
		return get(a, align, size);
	enter();
	base = get(a, align, before + extent(size));
	if (!base && quarantine.bytes) {
		shrink_quarantine(a, 0);
		base = get(a, align, before + extent(size));
	}
	held += base ? before + extent(size) : 0;
	leave();
	if (!base)
		return NULL;
	p = base + before;
	c = chunk_of(p);
	c->magic = CHUNK_LIVE;
	c->size = size;
	c->base = base;
	uk_callers(c->allocated, CALLERS, __builtin_frame_address(0));
	uk_sanitize_close(base, before, UK_KASAN_BEFORE);
	uk_sanitize_close(p - GRANULE, GRANULE, UK_KASAN_HEAD);
	uk_sanitize_close(p, extent(size), UK_KASAN_BEHIND);
	uk_sanitize_open(p, size);
	return p;
}

/* The chunk of a block that can be freed, or else a report and NULL. */
static struct chunk *live(const void *p, const void *fp)
{
	bool head = (uintptr_t)p < VA_LIMIT && !((uintptr_t)p % UK_ALLOC_ALIGN) &&
		    *kasan_shadow((uintptr_t)p - GRANULE) == UK_KASAN_HEAD;
	struct chunk *c = chunk_of(p);

	if (head && c->magic == CHUNK_LIVE)
		return c;
	kasan_report_free(p, head && c->magic == CHUNK_FREED ? c : NULL, fp);
	return NULL;
}

void uk_kasan_free(struct uk_alloc *a, void *p)
{
	struct chunk *c;

	if (!p)
		return;
	c = live(p, __builtin_frame_address(0));
	if (!c)
		return;
	enter();
	c->magic = CHUNK_FREED;
	c->next = NULL;
	uk_callers(c->freed, CALLERS, __builtin_frame_address(0));
	uk_sanitize_close(p, c->size, UK_KASAN_FREED);
	*quarantine.last = c;
	quarantine.last = &c->next;
	quarantine.bytes += whole(c);
	held -= whole(c);
	quarantine.blocks++;
	shrink_quarantine(a, uk_param_kasan_quarantine.u);
	leave();
}

/* Always to another place: so a pointer to the old one is found. */
void *uk_kasan_realloc(struct uk_alloc *a, void *p, size_t size)
{
	struct chunk *c = p ? live(p, __builtin_frame_address(0)) : NULL;
	void *new;

	if (p && !c)
		return NULL;
	new = uk_kasan_malloc(a, UK_ALLOC_ALIGN, size);
	if (new &&c) {
		memcpy(new, p, UK_MIN(c->size, size));
		uk_kasan_free(a, p);
	}
	return new;
}

size_t uk_kasan_usable_size(struct uk_alloc *a UK_UNUSED, const void *p)
{
	struct chunk *c = p ? live(p, __builtin_frame_address(0)) : NULL;

	return c ? c->size : 0;
}

/* Asked for by who lacks memory, maybe with locks held: never waits for a CPU that is inside. */
size_t uk_kasan_trim(struct uk_alloc *a)
{
	size_t n;

	uk_preempt_disable();
	if (kasan_suspended() || !uk_spin_try(&lock)) {
		uk_preempt_enable();
		return 0;
	}
	kasan_suspended_cpu = uk_cpu() + 1;
	shrink_quarantine(a, 0);
	n = a->ops->trim(a);
	leave();
	return n;
}

void uk_kasan_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	enter();
	a->ops->stats(a, st);
	st->cached += st->used - held;
	st->used = held;
	st->frees += quarantine.blocks;
	leave();
}
