/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: what is left of a thread that is not running, and the switch to another.
 *
 * A context is a stack pointer; the registers that a function must preserve, the floating point
 * control words included, lie on the stack below it. All other registers are the caller's, vector
 * registers too: a switch from an interrupt saves those first (entry code does).
 */
#ifndef UK_ARCH_CTX_H
#define UK_ARCH_CTX_H

#include <uk/api.h>
#include <uk/types.h>

struct uk_arch_ctx {
	uintptr_t sp;
};

/* Alignment of a stack's top. */
#define UK_ARCH_STACK_ALIGN 16

UK_API_BEGIN

/*
 * Makes a context that will call entry(arg) on the stack that ends at `stack_top` when first
 * switched to. `entry` must not return. Any context.
 */
void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg);

/* Saves the running state in `from` and continues `to`; returns when somebody switches back. */
void uk_arch_ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to);

/*
 * The application's thread pointer (fs base). Kernel code has none of its own. Weak: linuxu and Xen
 * PV bring their own. Any context.
 */
uintptr_t uk_arch_tp_get(void);
void uk_arch_tp_set(uintptr_t tp);

/*
 * Vector and floating point state. The area is uk_arch_fpu_size bytes, aligned to
 * UK_ARCH_FPU_ALIGN; save initialises all of it that restore looks at. Any context.
 */
#define UK_ARCH_FPU_ALIGN 64
extern uint32_t uk_arch_fpu_size;
void uk_arch_fpu_save(void *area);
void uk_arch_fpu_restore(const void *area);

UK_API_END

#endif
