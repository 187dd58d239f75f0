/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest allocator: hands out memory from front to back and takes nothing back.
 * When to choose it, and how it works: lib/mem/README.md and region.c.
 */
#ifndef UK_ALLOCREGION_H
#define UK_ALLOCREGION_H

#include <uk/alloc.h>

UK_API_BEGIN

/* As uk_alloc_create(), for this provider. */
struct uk_alloc *ukallocregion_create(void *base, size_t len, const struct uk_alloc_source *source);

UK_API_END

#endif
