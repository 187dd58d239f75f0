/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First and last instructions: where the host kernel enters the process, and how a signal handler
 * returns.
 */
	.section .text.linuxu_entry, "ax"
	.globl	_start
	.type	_start, @function
_start:
	/* rsp points at argc; argv, environment and the auxiliary vector follow (ABI §3.4.1). */
	xor	%ebp, %ebp		/* the end of every backtrace */
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	linuxu_start
	ud2				/* it does not return */
	.size	_start, . - _start

	/*
	 * Exactly this name and these bytes: gdb and libunwind know a signal frame by them. The name is
	 * local, since a libc has one of its own.
	 */
	.section .text.__restore_rt, "ax"
	.globl	linuxu_sigreturn
	.hidden	linuxu_sigreturn
	.type	__restore_rt, @function
	nop				/* unwinders look one byte before a return address */
linuxu_sigreturn:
__restore_rt:
	mov	$15, %rax
	syscall
	.size	__restore_rt, . - __restore_rt

	.section .note.GNU-stack, "", @progbits
