/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks of threads: mapped memory with an unmapped guard page below, so that an overflow faults
 * instead of overwriting its neighbour. Recently freed stacks are kept for the next thread.
 *
 * Callable from threads, preemption on or off, not from interrupt handlers. None blocks.
 */
#ifndef UK_STACK_H
#define UK_STACK_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * The lowest address of a stack of at least `size` bytes (rounded up to pages; the top is the
 * result + rounded size), or NULL. Not zeroed: it may hold what a former thread left.
 */
void *uk_stack_alloc(size_t size);

/*
 * Frees a stack by what uk_stack_alloc() returned and was asked for. The caller may still be
 * running on it until it switches away, provided that preemption stays off until then, and that there is
 * one CPU: another would take it at once.
 */
void uk_stack_free(void *stack, size_t size);

/* Does `va` lie in the guard page of a live stack? For telling an overflow from other faults. */
bool uk_stack_is_guard(uk_vaddr_t va);

UK_API_END

#endif
