/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts of CPUs that leave on the stack what a function preserves, and have one way to switch: a part of <uk/arch/ctx.h>,
 * which tells of such a stack's layout and for C code defines
 *
 *	UK_ARCH_GOTO_STACK  instructions that make operand 0 the stack, as a thread's first, and call the function named behind them
 *	UK_ARCH_TP_GET      one that moves the thread pointer to operand 0, and
 *	UK_ARCH_TP_SET      one that loads it from there
 */
#ifndef UK_ARCH_CTX_STACK_H
#define UK_ARCH_CTX_STACK_H

#define UK_ARCH_CTX_SP 0
#define UK_ARCH_CTX_TP 8

#ifndef __ASSEMBLER__
#include <uk/arch/asm.h>
#include <uk/arch/ctx_any.h>
#include <uk/essentials.h>

struct uk_arch_ctx {
	uintptr_t sp;
	uintptr_t tp; /* loaded by every switch to it, saved by every switch from it; 0: has none */
};

#define uk_arch_leave_stack(top, fn)                                                               \
	__asm__ volatile(UK_ARCH_GOTO_STACK UK_ASM_SYMBOL(1)                                       \
			 :                                                                         \
			 : "r"(top), UK_ASM_SYMBOL_IN(fn)                                          \
			 : "memory")

UK_API_BEGIN
void uk_arch_ctx_switch(struct uk_arch_ctx *from, struct uk_arch_ctx *to);
UK_API_END

static inline void uk_arch_ctx_choose_switch(void)
{
}

static inline uintptr_t uk_arch_tp_get(void)
{
	uintptr_t tp;

	__asm__ volatile(UK_ARCH_TP_GET : "=r"(tp));
	return tp;
}

static inline void uk_arch_tp_set(uintptr_t tp)
{
	__asm__ volatile(UK_ARCH_TP_SET ::"r"(tp));
}
#endif /* !__ASSEMBLER__ */
#endif
