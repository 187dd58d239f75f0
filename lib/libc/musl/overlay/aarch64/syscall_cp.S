/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * long __syscall_cp_asm(volatile int *cancel, handler, a, b, c, d, e, f)
 *
 * Calls the handler unless a cancellation is requested. A signal that arrives while the program
 * counter is in [__cp_begin, __cp_end) finds a call that has not had an effect (pthread_cancel.c).
 */
#include <uk/arch/asm.h>
#include <uk/arch/sign.h>

	.text
	.global __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
	.hidden __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm, __cancel
	.type __syscall_cp_asm, @function
__syscall_cp_asm:
	UK_LANDING
	ARM_SIGN_RETURN
	stp	x29, x30, [sp, #-16]!
__cp_begin:
	ldr	w8, [x0]
	cbnz	w8, __cp_cancel
	mov	x8, x1
	mov	x0, x2
	mov	x1, x3
	mov	x2, x4
	mov	x3, x5
	mov	x4, x6
	mov	x5, x7
	blr	x8
__cp_end:
	ldp	x29, x30, [sp], #16
	ARM_AUTH_RETURN
	ret
/*
 * The signal's handler sends the thread here: with the stack of the range above, where __cancel may
 * return, or from anywhere with asynchronous cancellation, where it does not.
 */
__cp_cancel:
	bl	__cancel
	ldp	x29, x30, [sp], #16
	ARM_AUTH_RETURN
	ret
	.size __syscall_cp_asm, . - __syscall_cp_asm
	.section .note.GNU-stack, "", @progbits
