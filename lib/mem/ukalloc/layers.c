/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations when something lies between callers and the allocator, whatever it is: in place of
 * dispatch.c if a library or option that needs it is configured. Only the default heap has
 * layers; other allocators are called as they are.
 */
#include <uk/alloc.h>
#include <uk/fault.h>
#include <uk/sanitize.h>

/*
 * Who gives out the default heap's blocks, if not the allocator itself: ukkasan, or track.c for
 * CONFIG_LIBUKALLOC_CHECK and CONFIG_LIBUKALLOC_OWNERS. `FROM` is who called us.
 */
#define FROM __builtin_return_address(0)
#if defined(CONFIG_LIBUKKASAN)
#define CHECKED                      true
#define LAYER_MALLOC(a, align, size) uk_kasan_malloc(a, align, size)
#define LAYER_REALLOC(a, p, size)    uk_kasan_realloc(a, p, size)
#define LAYER_FREE(a, p)             uk_kasan_free(a, p)
#define LAYER(op)                    uk_kasan_##op
#elif defined(CONFIG_LIBUKALLOC_TRACK)
#include "track.h"
#define CHECKED                      true
#define LAYER_MALLOC(a, align, size) track_malloc(a, align, size, FROM)
#define LAYER_REALLOC(a, p, size)    track_realloc(a, p, size, FROM)
#define LAYER_FREE(a, p)             track_free(a, p, FROM)
#define LAYER(op)                    track_##op
#else
#define CHECKED                      false
#define LAYER_MALLOC(a, align, size) NULL
#define LAYER_REALLOC(a, p, size)    NULL
#define LAYER_FREE(a, p)             ((void)0)
#define LAYER(op)                    (a)->ops->op
#endif

static inline bool checked(const struct uk_alloc *a)
{
	return CHECKED && a == uk_heap;
}

static bool refused(struct uk_alloc *a)
{
	return a == uk_heap && uk_fault(UK_FAULT_HEAP);
}

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? LAYER_MALLOC(a, UK_ALLOC_ALIGN, size) : a->ops->malloc(a, size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	if (checked(a))
		LAYER_FREE(a, p);
	else
		a->ops->free(a, p);
}

void *uk_alloc_realloc(struct uk_alloc *a, void *p, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? LAYER_REALLOC(a, p, size) : a->ops->realloc(a, p, size);
}

void *uk_alloc_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? LAYER_MALLOC(a, align, size) : a->ops->memalign(a, align, size);
}

size_t uk_alloc_usable_size(struct uk_alloc *a, const void *p)
{
	return checked(a) ? LAYER(usable_size)(a, p) : a->ops->usable_size(a, p);
}

int uk_alloc_addmem(struct uk_alloc *a, void *base, size_t len)
{
	return a->ops->addmem(a, base, len);
}

size_t uk_alloc_trim(struct uk_alloc *a)
{
	return checked(a) ? LAYER(trim)(a) : a->ops->trim(a);
}

void uk_alloc_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	if (checked(a))
		LAYER(stats)(a, st);
	else
		a->ops->stats(a, st);
}
