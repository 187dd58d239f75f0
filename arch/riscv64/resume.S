/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a signal's handler: all registers change, also program counter and stack pointer, by `sret`. A platform in user
 * mode has a function of this name. By its section it counts as a beginning system call (posix-signal's frame.h): what
 * is to be restored is on the stack, and nobody is diverted here.
 */
#include <uk/arch/cpu.h>
#include <uk/abi/ucontext.h>

#define X(n) UK_UCONTEXT_MCONTEXT + UK_MCONTEXT_X(n)(a0)

	.section .text.uk_sys_signal.resume, "ax", @progbits
	.weak	riscv_resume
	.type	riscv_resume, @function
riscv_resume:				/* (a0 = context) */
	ld	ra, X(1)
	ld	tp, X(4)
	.irp	n, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, X(\n)
	.endr
	li	t0, RISCV_SSTATUS_SPP
	csrrci	t1, sstatus, RISCV_SSTATUS_SIE
	andi	t1, t1, RISCV_SSTATUS_SIE
	slli	t1, t1, 4		/* SPIE, as SIE was */
	or	t0, t0, t1
	li	t1, RISCV_SSTATUS_SPIE
	csrc	sstatus, t1
	csrs	sstatus, t0
	ld	t0, X(0)
	csrw	sepc, t0
	ld	t0, X(5)
	ld	t1, X(6)
	ld	sp, X(2)
	ld	a0, X(10)
	sret
	.size	riscv_resume, . - riscv_resume

	.section .note.GNU-stack, "", @progbits
