/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations when something lies between callers and the allocator, whatever it is: in place of
 * dispatch.c if a library or option that needs it is configured. Only the default heap has
 * layers; other allocators are called as they are.
 */
#include <uk/alloc.h>
#include <uk/fault.h>

static bool refused(struct uk_alloc *a)
{
	return a == uk_heap && uk_fault(UK_FAULT_HEAP);
}

void *uk_alloc_malloc(struct uk_alloc *a, size_t size)
{
	return refused(a) ? uk_alloc_fail(a) : a->ops->malloc(a, size);
}

void uk_alloc_free(struct uk_alloc *a, void *p)
{
	a->ops->free(a, p);
}

void *uk_alloc_realloc(struct uk_alloc *a, void *p, size_t size)
{
	return refused(a) ? uk_alloc_fail(a) : a->ops->realloc(a, p, size);
}

void *uk_alloc_memalign(struct uk_alloc *a, size_t align, size_t size)
{
	return refused(a) ? uk_alloc_fail(a) : a->ops->memalign(a, align, size);
}

size_t uk_alloc_usable_size(struct uk_alloc *a, const void *p)
{
	return a->ops->usable_size(a, p);
}

int uk_alloc_addmem(struct uk_alloc *a, void *base, size_t len)
{
	return a->ops->addmem(a, base, len);
}

size_t uk_alloc_trim(struct uk_alloc *a)
{
	return a->ops->trim(a);
}

void uk_alloc_stats(struct uk_alloc *a, struct uk_alloc_stats *st)
{
	a->ops->stats(a, st);
}
