/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's heap is the configured allocator.
 */
#include <stdlib.h>
#include <uk/alloc.h>

void *malloc(size_t size)
{
	return uk_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return uk_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return uk_realloc(p, size);
}

void free(void *p)
{
	uk_free(p);
}
