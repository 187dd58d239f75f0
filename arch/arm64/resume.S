/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a signal's handler: all registers change, also program counter, flags and stack pointer, by `eret`, which needs the
 * stack of exceptions to be the current one: with interrupts masked, after which they are as they were. A platform in user
 * mode has a function of this name. By its section it counts as a beginning system call (posix-signal's frame.h): what
 * is to be restored is on the stack, and nobody is diverted here.
 */
#include <uk/arch/cpu.h>
#include <uk/abi/ucontext.h>

#define X(n)     [x0, #UK_MCONTEXT_X(n)]
#define M(field) [x0, #UK_MCONTEXT_##field]

	.section .text.uk_sys_signal.resume, "ax", @progbits
	.weak	arm_resume
	.type	arm_resume, @function
arm_resume:				/* (x0 = context) */
	add	x0, x0, #UK_UCONTEXT_MCONTEXT
	mrs	x1, daif
	msr	daifset, #2
	ldr	x2, M(PSTATE)
	and	x1, x1, #ARM_PSTATE_I
	orr	x2, x2, x1
	msr	spsr_el1, x2
	ldp	x1, x2, M(SP)
	msr	elr_el1, x2
	msr	spsel, #1
	msr	sp_el0, x1
	ldp	x2, x3, X(2)
	ldp	x4, x5, X(4)
	ldp	x6, x7, X(6)
	ldp	x8, x9, X(8)
	ldp	x10, x11, X(10)
	ldp	x12, x13, X(12)
	ldp	x14, x15, X(14)
	ldp	x16, x17, X(16)
	ldp	x18, x19, X(18)
	ldp	x20, x21, X(20)
	ldp	x22, x23, X(22)
	ldp	x24, x25, X(24)
	ldp	x26, x27, X(26)
	ldp	x28, x29, X(28)
	ldr	x30, X(30)
	ldp	x0, x1, X(0)
	eret
	.size	arm_resume, . - arm_resume

	.section .note.GNU-stack, "", @progbits
