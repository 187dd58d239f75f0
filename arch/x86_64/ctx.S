/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context switch, in three kinds that differ in how they load the application's thread pointer.
 * fs is not the kernel's, so that may happen while still on the old stack. It is loaded without a
 * look whether it is another: two threads of an application never share one.
 */
#include <uk/arch/asm.h>
#include <uk/arch/cpu.h>
#include <uk/arch/ctx.h>

	.macro	ctx_switch kind		/* (rdi = from, rsi = to) */
	.section .text.x86_ctx_switch_\kind, "ax"
	.globl x86_ctx_switch_\kind
	.type x86_ctx_switch_\kind, @function
x86_ctx_switch_\kind:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	stmxcsr	UK_ARCH_CTX_MXCSR(%rdi)
	fnstcw	UK_ARCH_CTX_X87CW(%rdi)
	mov	%rsp, UK_ARCH_CTX_SP(%rdi)
	.ifc	\kind, fsgsbase
	mov	UK_ARCH_CTX_TP(%rsi), %rax
	wrfsbase %rax
	.endif
	.ifc	\kind, msr
	mov	UK_ARCH_CTX_TP(%rsi), %eax
	mov	UK_ARCH_CTX_TP + 4(%rsi), %edx
	mov	$X86_MSR_FS_BASE, %ecx
	wrmsr
	.endif
	mov	UK_ARCH_CTX_SP(%rsi), %rsp
	ldmxcsr	UK_ARCH_CTX_MXCSR(%rsi)
	fldcw	UK_ARCH_CTX_X87CW(%rsi)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	UK_RET
	.size x86_ctx_switch_\kind, . - x86_ctx_switch_\kind
	.endm

	ctx_switch fsgsbase
	ctx_switch msr
	ctx_switch bare

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
	UK_JMP(rax)
	.size x86_ctx_start, . - x86_ctx_start

	.section .note.GNU-stack, "", @progbits
