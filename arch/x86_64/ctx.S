/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context switch: what the ABI makes a function preserve, and the floating point control
 * words (System V ABI, AMD64 §3.2.1), go on the stack; the stack pointer is the context.
 */
	.section .text.uk_arch_ctx_switch, "ax"
	.globl uk_arch_ctx_switch
	.type uk_arch_ctx_switch, @function
uk_arch_ctx_switch:		/* (rdi = from, rsi = to) */
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rax		/* room for the control words */
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, (%rdi)
	mov	(%rsi), %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	pop	%rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size uk_arch_ctx_switch, . - uk_arch_ctx_switch

/*
 * The first switch to a new context returns to here, with what uk_arch_ctx_init() left in
 * rbx (argument) and rbp (entry). The zero in place of a return address ends backtraces.
 */
	.section .text.x86_ctx_start, "ax"
	.globl x86_ctx_start
	.hidden x86_ctx_start
	.type x86_ctx_start, @function
x86_ctx_start:
	mov	%rbx, %rdi
	mov	%rbp, %rax
	xor	%ebp, %ebp
	push	%rbp
	jmp	*%rax
	.size x86_ctx_start, . - x86_ctx_start

	.section .note.GNU-stack, "", @progbits
