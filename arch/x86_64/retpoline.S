/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Retpolines: an indirect jump that the CPU cannot be trained to predict. The target takes the place of a
 * return address; what the CPU predicts is the address that the call pushed, where speculation
 * turns in circles (Intel, "Retpoline: a branch target injection mitigation", 2018).
 *
 * Compilers call one per register, by these names.
 */
	.macro	thunk reg
	.section .text.__x86_indirect_thunk_\reg, "ax"
	.globl	__x86_indirect_thunk_\reg
	.type	__x86_indirect_thunk_\reg, @function
__x86_indirect_thunk_\reg:
	call	2f
1:	pause
	lfence
	jmp	1b
2:	mov	%\reg, (%rsp)
	ret
	int3
	.size	__x86_indirect_thunk_\reg, . - __x86_indirect_thunk_\reg
	.endm

	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	thunk	\reg
	.endr

	.section .note.GNU-stack, "", @progbits
