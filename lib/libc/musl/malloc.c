/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's heap is the allocator chosen in the menu, in place of musl's own.
 *
 * Weak, so that an application may bring its own malloc(). musl's internal names (__libc_malloc)
 * stay ours then.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <uk/alloc.h>
#include <uk/arch/ctx.h>

#define HIDDEN     __attribute__((__visibility__("hidden")))
#define IS_POW2(x) ((x) && !((x) & ((x)-1)))

/*
 * The heap calls this before it answers NULL (uk_heap->nomem, set in start.c), so that malloc() has
 * nothing to look at. Kernel threads have no errno.
 */
HIDDEN void __uk_set_enomem(void)
{
	if (uk_arch_tp_get())
		errno = ENOMEM;
}

UK_WEAK void *malloc(size_t size)
{
	return uk_malloc(size);
}

UK_WEAK void *calloc(size_t n, size_t size)
{
	return uk_calloc(n, size);
}

UK_WEAK void *realloc(void *p, size_t size)
{
	return uk_realloc(p, size);
}

UK_WEAK void free(void *p)
{
	uk_free(p); /* keeps errno: the kernel has none */
}

UK_WEAK void *aligned_alloc(size_t align, size_t size)
{
	if (!IS_POW2(align)) {
		errno = EINVAL;
		return NULL;
	}
	return uk_memalign(align, size);
}

UK_WEAK void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

UK_WEAK int posix_memalign(void **result, size_t align, size_t size)
{
	void *p;

	if (align < sizeof(void *) || !IS_POW2(align))
		return EINVAL;
	p = uk_memalign(align, size);
	if (!p)
		return ENOMEM;
	*result = p;
	return 0;
}

UK_WEAK size_t malloc_usable_size(void *p)
{
	return uk_alloc_usable_size(uk_heap, p);
}

/* What musl itself calls, so that its memory is not the application's business. */

HIDDEN void *__libc_malloc(size_t size)
{
	return uk_malloc(size);
}

HIDDEN void *__libc_calloc(size_t n, size_t size)
{
	return uk_calloc(n, size);
}

HIDDEN void *__libc_realloc(void *p, size_t size)
{
	return uk_realloc(p, size);
}

HIDDEN void __libc_free(void *p)
{
	uk_free(p);
}
