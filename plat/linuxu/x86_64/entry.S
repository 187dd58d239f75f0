/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First and last instructions: where the host kernel enters the process, and how a signal handler
 * returns.
 */
#include <uk/arch/asm.h>
#include <uk/config.h>

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
	.reloc	., BFD_RELOC_NONE, hostcall_sigreturn
	syscall
	.size	__restore_rt, . - __restore_rt

	/* As host_note() in host_arch.h leaves it: the number, whatever the arguments. */
	.section .uk_tab.hostcall.15_6_0, "a", @progbits
	.balign	8
hostcall_sigreturn:
	.short	15, 6
	.long	0

#ifdef CONFIG_SMP
	/* linuxu_clone(flags, top, fn, arg): before the filter of calls, so it leaves no entry. */
	.section .text.linuxu_clone, "ax"
	.globl	linuxu_clone
	.hidden	linuxu_clone
	.type	linuxu_clone, @function
linuxu_clone:
	UK_LANDING
	sub	$16, %rsi
	mov	%rdx, (%rsi)
	mov	%rcx, 8(%rsi)
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$56, %eax
	syscall
	test	%eax, %eax
	jz	1f
	UK_RET
1:	xor	%ebp, %ebp
	pop	%rax
	pop	%rdi
	UK_CALL(rax)
	ud2
	.size	linuxu_clone, . - linuxu_clone
#endif

	.section .note.GNU-stack, "", @progbits
