/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * int __clone(int (*fn)(void *), void *stack, int flags, void *arg, int *ptid, void *tls, int *ctid)
 *
 * The handler is called like the others, clone(flags, stack, ptid, ctid, tls); the new thread
 * returns from it as well, with 0, on the stack given. What it does next is on that stack.
 */
#include <uk/arch/asm.h>

	.text
	.global __clone
	.hidden __clone
	.type __clone, @function
__clone:
	UK_LANDING
	and	$-16, %rsi
	sub	$16, %rsi
	mov	%rdi, (%rsi)		/* fn */
	mov	%rcx, 8(%rsi)		/* arg */
	mov	%edx, %edi		/* flags */
	mov	%r8, %rdx		/* ptid */
	mov	8(%rsp), %rcx		/* ctid */
	mov	%r9, %r8		/* tls */
	sub	$8, %rsp
	call	uk_sys_clone
	test	%eax, %eax
	jz	1f
	add	$8, %rsp
	UK_RET
1:	xor	%ebp, %ebp		/* the outermost frame of a backtrace */
	pop	%rax
	pop	%rdi
	UK_CALL(rax)
	movslq	%eax, %rdi
	call	uk_sys_exit
	hlt
	.size __clone, . - __clone
	.section .note.GNU-stack, "", @progbits
