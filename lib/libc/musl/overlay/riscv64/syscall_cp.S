/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * long __syscall_cp_asm(volatile int *cancel, handler, a, b, c, d, e, f)
 *
 * Calls the handler unless a cancellation is requested. A signal that arrives while the program
 * counter is in [__cp_begin, __cp_end) finds a call that has not had an effect (pthread_cancel.c).
 */
	.text
	.global __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
	.hidden __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm, __cancel
	.type __syscall_cp_asm, @function
__syscall_cp_asm:
	addi	sp, sp, -16
	sd	ra, 8(sp)
__cp_begin:
	lw	t0, 0(a0)
	bnez	t0, __cp_cancel
	mv	t1, a1
	mv	a0, a2
	mv	a1, a3
	mv	a2, a4
	mv	a3, a5
	mv	a4, a6
	mv	a5, a7
	jalr	t1
__cp_end:
	ld	ra, 8(sp)
	addi	sp, sp, 16
	ret
/*
 * The signal's handler sends the thread here: with the stack of the range above, where __cancel may
 * return, or from anywhere with asynchronous cancellation, where it does not, but where the
 * stack may have any alignment.
 */
__cp_cancel:
	addi	sp, sp, -16
	sd	s0, 0(sp)
	mv	s0, sp
	andi	sp, sp, -16
	call	__cancel
	mv	sp, s0
	ld	s0, 0(sp)
	ld	ra, 16 + 8(sp)
	addi	sp, sp, 32
	ret
	.size __syscall_cp_asm, . - __syscall_cp_asm
	.section .note.GNU-stack, "", @progbits
