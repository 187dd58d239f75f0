/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What contexts are on every CPU: a part of <uk/arch/ctx.h>, which has the rest:
 *
 *	uk_arch_leave_stack(top, fn)  goes on in `fn`, a function that takes nothing and never returns, on the stack that ends
 *	                              at `top`; what is on the present one is not needed any more
 *	uk_arch_ctx_switch(from, to)  saves the running state in `from` and continues `to`; returns when somebody switches
 *	                              back. With interrupts masked
 *	uk_arch_ctx_choose_switch()   once, before the first switch: how this CPU does it, if there are several ways
 *	uk_arch_tp_get(), _set()      the running thread's thread pointer; kernel code has none of its own. Any context
 *	uk_arch_fpu_size              bytes of an area for vector and floating point state, aligned to UK_ARCH_FPU_ALIGN
 */
#ifndef UK_ARCH_CTX_ANY_H
#define UK_ARCH_CTX_ANY_H

#include <uk/api.h>
#include <uk/types.h>

/* Alignment of a stack's top. */
#define UK_ARCH_STACK_ALIGN 16

struct uk_arch_ctx;

UK_API_BEGIN

/*
 * Makes a context that will call entry(arg) on the stack that ends at `stack_top` when first
 * switched to, with the floating point environment of the caller of this (as POSIX wants it of
 * pthread_create()). `entry` must not return. The thread pointer is for the caller to set. Any
 * context.
 */
void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg);

/* Vector and floating point state; save initialises all of the area that restore looks at. Any context. */
void uk_arch_fpu_save(void *area);
void uk_arch_fpu_restore(const void *area);

UK_API_END
#endif
