/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default allocator: two-level segregated fit, constant time, with exact-size quick lists.
 * When to choose it, and how it works: lib/mem/README.md and tlsf.c.
 */
#ifndef UK_ALLOCTLSF_H
#define UK_ALLOCTLSF_H

#include <uk/alloc.h>

UK_API_BEGIN

/* As uk_alloc_create(), for this provider. */
struct uk_alloc *ukalloctlsf_create(void *base, size_t len, const struct uk_alloc_source *source);

/* Verifies every block, list and counter of the heap; panics at what is wrong. For tests. */
void ukalloctlsf_check(struct uk_alloc *a);

UK_API_END

#endif
