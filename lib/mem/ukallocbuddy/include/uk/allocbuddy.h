/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An allocator of power-of-two blocks, with free lists per size.
 * When to choose it, and how it works: lib/mem/README.md and buddy.c.
 */
#ifndef UK_ALLOCBUDDY_H
#define UK_ALLOCBUDDY_H

#include <uk/alloc.h>

UK_API_BEGIN

/* As uk_alloc_create(), for this provider. */
struct uk_alloc *ukallocbuddy_create(void *base, size_t len, const struct uk_alloc_source *source);

UK_API_END

#endif
