/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations when something lies between callers and the allocator, whatever it is: in place of
 * dispatch.c if a library or option that needs it is configured. Only the default heap has
 * layers; other allocators are called as they are.
 */
#include <uk/alloc.h>
#include <uk/fault.h>
#include <uk/sanitize.h>

/* Are its blocks surrounded by what may not be touched? */
static inline bool checked(const struct uk_alloc *a UK_UNUSED)
{
#ifdef CONFIG_LIBUKKASAN
	return a == uk_heap;
#else
	return false;
#endif
}

static bool refused(struct uk_alloc *a)
{
	return a == uk_heap && uk_fault(UK_FAULT_HEAP);
}

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? uk_kasan_malloc(a, UK_ALLOC_ALIGN, size) : a->ops->malloc(a, size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	if (checked(a))
		uk_kasan_free(a, p);
	else
		a->ops->free(a, p);
}

void *uk_alloc_realloc(struct uk_alloc *a, void *p, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? uk_kasan_realloc(a, p, size) : a->ops->realloc(a, p, size);
}

void *uk_alloc_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	if (refused(a))
		return uk_alloc_fail(a);
	return checked(a) ? uk_kasan_malloc(a, align, size) : a->ops->memalign(a, align, size);
}

size_t uk_alloc_usable_size(struct uk_alloc *a, const void *p)
{
	return checked(a) ? uk_kasan_usable_size(a, p) : a->ops->usable_size(a, p);
}

int uk_alloc_addmem(struct uk_alloc *a, void *base, size_t len)
{
	return a->ops->addmem(a, base, len);
}

size_t uk_alloc_trim(struct uk_alloc *a)
{
	return checked(a) ? uk_kasan_trim(a) : a->ops->trim(a);
}

void uk_alloc_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	if (checked(a))
		uk_kasan_stats(a, st);
	else
		a->ops->stats(a, st);
}
