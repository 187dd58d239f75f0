/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slab allocator: size classes in runs of pages, metadata apart from the blocks. When to choose
 * it, and how it works: lib/mem/README.md and slab.h.
 */
#ifndef UK_ALLOCSLAB_H
#define UK_ALLOCSLAB_H

#include <uk/alloc.h>

UK_API_BEGIN

/* As uk_alloc_create(), for this provider. */
struct uk_alloc *ukallocslab_create(void *base, size_t len, const struct uk_alloc_source *source);

UK_API_END

#endif
