/* SPDX-License-Identifier: BSD-3-Clause */
/* Stacks of threads, in the terms of musl: `size` includes the guard at the lower end. */
#ifndef UK_MUSL_STACK_H
#define UK_MUSL_STACK_H

#include <stddef.h>

hidden void *__uk_stack_map(size_t size, size_t guard); /* MAP_FAILED if there is no memory */
hidden void __uk_stack_unmap(void *map, size_t size, size_t guard);

/* ../stack.c: the kernel's stacks, seen from the other side. */
hidden void *__uk_stack_alloc(size_t size);
hidden int __uk_stack_of_main(const void *page);
hidden void __uk_stack_free(void *stack, size_t size);

#endif
