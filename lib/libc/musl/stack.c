/* SPDX-License-Identifier: BSD-3-Clause */
/* Stacks of threads for overlay/pthread_create.c, which sees musl's headers and not ours. */
#include <uk/boot.h>
#include <uk/stack.h>

#define HIDDEN __attribute__((__visibility__("hidden")))

HIDDEN void *__uk_stack_alloc(size_t size)
{
	return uk_stack_alloc(size);
}

/* Does the page belong to the stack of main()? For overlay/pthread_getattr_np.c. */
HIDDEN int __uk_stack_of_main(const void *page)
{
	uk_vaddr_t low, high;

	uk_boot_stack(&low, &high);
	return (uk_vaddr_t)page >= low && (uk_vaddr_t)page < high;
}

HIDDEN void __uk_stack_free(void *stack, size_t size)
{
	uk_stack_free(stack, size);
}
