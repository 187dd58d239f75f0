/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupted state as entry code leaves it on the stack: general registers, then what the CPU
 * pushes (Intel SDM vol. 3 §6.14.2). Hooks may change it; see <uk/plat/trap.h>.
 */
#ifndef UK_ARCH_REGS_H
#define UK_ARCH_REGS_H

#ifdef __ASSEMBLER__
/* The general registers of struct uk_regs, below vector and error code. */
	.macro	X86_PUSH_REGS
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro	X86_POP_REGS
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	.endm
#else
#include <stdint.h>

struct uk_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t vector;
	uint64_t error; /* the CPU's error code, or 0 */
	uint64_t rip, cs, rflags, rsp, ss;
};

static inline uintptr_t uk_regs_pc(const struct uk_regs *r)
{
	return r->rip;
}

static inline uintptr_t uk_regs_sp(const struct uk_regs *r)
{
	return r->rsp;
}
#endif

#endif
