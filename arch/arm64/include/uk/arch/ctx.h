/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts: what is left of a thread that is not running, and the switch to another.
 *
 * A context is what the calling convention makes a function preserve (Procedure Call Standard for the Arm 64-bit
 * Architecture, §6): stack pointer, x19 to x30, d8 to d15, the rounding mode; and the application's thread pointer,
 * TPIDR_EL0. They lie on the stack. All other registers are the caller's: a switch from an interrupt saves those first.
 */
#ifndef UK_ARCH_CTX_H
#define UK_ARCH_CTX_H

#define UK_ARCH_CTX_SP 0
#define UK_ARCH_CTX_TP 8

/* What a switch leaves on the stack: x19..x30, d8..d15, FPCR. */
#define ARM_FRAME_X    0
#define ARM_FRAME_D    96
#define ARM_FRAME_FPCR 160
#define ARM_FRAME_SIZE 176

/* In the area of uk_arch_fpu_save(): FPSR and FPCR, each 4 bytes, and v0 to v31. The first 8 bytes are the caller's. */
#define ARM_FPU_STATUS 8
#define ARM_FPU_V      16

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/types.h>

struct uk_arch_ctx {
	uintptr_t sp;
	uintptr_t tp; /* loaded by every switch to it, saved by every switch from it; 0: has none */
};

/* Alignment of a stack's top. */
#define UK_ARCH_STACK_ALIGN 16

/*
 * Goes on in `fn`, a function that takes nothing and never returns, on the stack that ends at `top`. What
 * is on the present one is not needed any more.
 */
#define uk_arch_leave_stack(top, fn)                                                               \
	__asm__ volatile("mov sp, %0\n\tmov x29, xzr\n\tbl " UK_STR(fn) : : "r"(top) : "memory")

UK_API_BEGIN

/*
 * Makes a context that will call entry(arg) on the stack that ends at `stack_top` when first
 * switched to, with the floating point environment of the caller of this (as POSIX wants it of
 * pthread_create()). `entry` must not return. The thread pointer is for the caller to set. Any
 * context.
 */
void uk_arch_ctx_init(struct uk_arch_ctx *ctx, void *stack_top, void (*entry)(void *), void *arg);

/*
 * Saves the running state in `from` and continues `to`; returns when somebody switches back. With
 * interrupts masked.
 */
void uk_arch_ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to);

/* There is one way to switch only. */
static inline void uk_arch_ctx_choose_switch(void)
{
}

UK_API_END

/* The running thread's thread pointer. Kernel code has none of its own. Any context. */
static inline uintptr_t uk_arch_tp_get(void)
{
	uintptr_t tp;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(tp));
	return tp;
}

static inline void uk_arch_tp_set(uintptr_t tp)
{
	__asm__ volatile("msr tpidr_el0, %0" ::"r"(tp));
}

UK_API_BEGIN
/*
 * Floating point and vector state: v0 to v31, FPSR, FPCR. The area is uk_arch_fpu_size bytes, aligned to
 * UK_ARCH_FPU_ALIGN. Any context.
 */
#define UK_ARCH_FPU_ALIGN 16
#define uk_arch_fpu_size  528U
void uk_arch_fpu_save(void *area);
void uk_arch_fpu_restore(const void *area);
UK_API_END
#endif /* !__ASSEMBLER__ */
#endif
