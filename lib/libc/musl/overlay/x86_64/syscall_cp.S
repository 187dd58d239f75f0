/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * long __syscall_cp_asm(volatile int *cancel, handler, a, b, c, d, e, f)
 *
 * Calls the handler unless a cancellation is requested. A signal that arrives while the program
 * counter is in [__cp_begin, __cp_end) finds a call that has not had an effect (pthread_cancel.c).
 */
#include <uk/arch/asm.h>

	.text
	.global __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
	.hidden __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm, __cancel
	.type __syscall_cp_asm, @function
__syscall_cp_asm:
	UK_LANDING
	mov	16(%rsp), %r11		/* f */
	sub	$8, %rsp		/* the stack is aligned to 16 at a call */
__cp_begin:
	cmpl	$0, (%rdi)
	jne	__cp_cancel
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	mov	%r8, %rdx
	mov	%r9, %rcx
	mov	16(%rsp), %r8		/* e */
	mov	%r11, %r9
	UK_CALL(rax)
__cp_end:
	add	$8, %rsp
	UK_RET
/*
 * The signal's handler sends the thread here: with the stack of the range above, where __cancel may
 * return, or from anywhere with asynchronous cancellation, where it does not, but where the
 * stack may have any alignment.
 */
__cp_cancel:
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	__cancel
	leave
	add	$8, %rsp
	UK_RET
	.size __syscall_cp_asm, . - __syscall_cp_asm
	.section .note.GNU-stack, "", @progbits
