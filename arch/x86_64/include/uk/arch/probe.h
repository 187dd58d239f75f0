/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks grow by page faults: uk_arch_stack_probe(n) has that happen here, if it has to, and not in the n bytes below the stack
 * pointer a moment later, with a lock held that the fault's handler takes. n: a constant, less than a page.
 */
#ifndef UK_ARCH_PROBE_H
#define UK_ARCH_PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <uk/essentials.h>

static UK_ALWAYS_INLINE void uk_arch_stack_probe(size_t n)
{
	__asm__ volatile("testb $0, %c0(%%rsp)" ::"i"(-(long)n) : "cc", "memory");
}

#endif
