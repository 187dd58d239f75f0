/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's malloc() and its family are mimalloc's: these definitions stand before the C
 * library's own, which are weak. What the C library allocates for itself, and the kernel's heap, stay
 * where they were: mimalloc needs thread-local storage, locks and mmap(), which are built on those.
 */
#include <errno.h>
#include <malloc.h>
#include <mimalloc.h>
#include <stdlib.h>

#define MIN_SIZE 16 /* smaller ones would be aligned to 8 bytes only */

/* mimalloc sets errno in some cases, POSIX in all. */
static void *result(void *p)
{
	if (!p)
		errno = ENOMEM;
	return p;
}

void *malloc(size_t size)
{
	return mi_malloc(size < MIN_SIZE ? MIN_SIZE : size);
}

void *calloc(size_t n, size_t size)
{
	return result(mi_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	return result(mi_realloc(p, size < MIN_SIZE ? MIN_SIZE : size));
}

void free(void *p)
{
	mi_free(p);
}

/* Not mi_memalign(): in this version it takes blocks of 2^n bytes to be aligned to that. */
static void *aligned(size_t align, size_t size)
{
	return mi_malloc_aligned_at(size < MIN_SIZE ? MIN_SIZE : size, align, 0);
}

void *aligned_alloc(size_t align, size_t size)
{
	if (!align || align & (align - 1)) {
		errno = EINVAL;
		return NULL;
	}
	return result(aligned(align, size));
}

void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

int posix_memalign(void **block, size_t align, size_t size)
{
	void *p;

	if (align < sizeof(void *) || align & (align - 1))
		return EINVAL;
	p = aligned(align, size);
	if (!p)
		return ENOMEM;
	*block = p;
	return 0;
}

size_t malloc_usable_size(void *p)
{
	return mi_usable_size(p);
}
