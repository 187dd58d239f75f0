/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clone(2) returns twice. The parent's registers go to C as an array; the child takes
 * them over from a copy that C has put on top of its stack. The last two arguments are the other way round
 * than on x86_64, and than C has them.
 */
#include <clone_regs.h>

	.macro	each op, reg_op
	n = 1
	.irp	reg, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
	\op	\reg, 8 * n(sp)
	n = n + 1
	.endr
	.irp	reg, fs0, fs1, fs2, fs3, fs4, fs5, fs6, fs7, fs8, fs9, fs10, fs11
	\reg_op	\reg, 8 * n(sp)
	n = n + 1
	.endr
	.endm

	.section .text.uk_sys_clone, "ax", @progbits
	.globl uk_sys_clone
	.type uk_sys_clone, @function
uk_sys_clone:
	addi	sp, sp, -8 * CLONE_REGS_WORDS
	sd	ra, 0(sp)
	each	sd, fsd
	mv	t0, a3
	mv	a3, a4
	mv	a4, t0
	mv	a5, sp
	call	posix_clone
	ld	ra, 0(sp)
	addi	sp, sp, 8 * CLONE_REGS_WORDS
	ret
	.size uk_sys_clone, . - uk_sys_clone

	.section .text.posix_clone_return, "ax", @progbits
	.globl posix_clone_return
	.hidden posix_clone_return
	.type posix_clone_return, @function
posix_clone_return:
	mv	sp, a0
	ld	ra, 0(sp)
	each	ld, fld
	addi	sp, sp, 8 * CLONE_REGS_WORDS
	li	a0, 0
	ret
	.size posix_clone_return, . - posix_clone_return

	.section .note.GNU-stack, "", @progbits
