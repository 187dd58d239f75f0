/* SPDX-License-Identifier: BSD-3-Clause */
/* Stacks of threads for overlay/pthread_create.c, which sees musl's headers and not ours. */
#include <uk/stack.h>

#define HIDDEN __attribute__((__visibility__("hidden")))

HIDDEN void *__uk_stack_alloc(size_t size)
{
	return uk_stack_alloc(size);
}

HIDDEN void __uk_stack_free(void *stack, size_t size)
{
	uk_stack_free(stack, size);
}
