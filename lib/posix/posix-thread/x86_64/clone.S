/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clone(2) returns twice. The parent's registers go to C as an array; the child takes
 * them over from a copy that C has put on top of its stack.
 */
#include <uk/arch/asm.h>

	.section .text.uk_sys_clone, "ax", @progbits
	.globl uk_sys_clone
	.type uk_sys_clone, @function
uk_sys_clone:
	UK_LANDING
	push %r15
	push %r14
	push %r13
	push %r12
	push %rbp
	push %rbx
	mov %rsp, %r9
	sub $8, %rsp
	call posix_clone
	add $56, %rsp
	UK_RET
	.size uk_sys_clone, . - uk_sys_clone

	.section .text.posix_clone_return, "ax", @progbits
	.globl posix_clone_return
	.hidden posix_clone_return
	.type posix_clone_return, @function
posix_clone_return:
	mov %rdi, %rsp
	pop %rbx
	pop %rbp
	pop %r12
	pop %r13
	pop %r14
	pop %r15
	pop %rcx
	xor %eax, %eax
	UK_JMP_NOTRACK(rcx)
	.size posix_clone_return, . - posix_clone_return

	.section .note.GNU-stack, "", @progbits
