/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First and last instructions: where the host kernel enters the process, and how a signal handler
 * returns.
 */
#include <uk/config.h>

	.section .text.linuxu_entry, "ax"
	.globl	_start
	.type	_start, @function
_start:
	/* sp, which is aligned, points at argc; argv, environment and the auxiliary vector follow. */
#ifdef CONFIG_SMP
	adrp	x18, uk_percpus		/* for good: the CPU's data, with the canary */
	add	x18, x18, :lo12:uk_percpus
#endif
	mov	x29, xzr		/* the end of every backtrace */
	mov	x30, xzr
	mov	x0, sp
	bl	linuxu_start
	udf	#0			/* it does not return */
	.size	_start, . - _start

	/*
	 * Exactly these bytes: gdb and libunwind know a signal frame by them.
	 */
	.section .text.linuxu_sigreturn, "ax"
	.globl	linuxu_sigreturn
	.hidden	linuxu_sigreturn
	.type	linuxu_sigreturn, @function
	nop				/* unwinders look in front of a return address */
linuxu_sigreturn:
	mov	x8, #139
	.reloc	., BFD_RELOC_NONE, hostcall_sigreturn
	svc	#0
	.size	linuxu_sigreturn, . - linuxu_sigreturn

	.section .text.linuxu_sigreturn_to, "ax"
	.globl	linuxu_sigreturn_to
	.hidden	linuxu_sigreturn_to
	.type	linuxu_sigreturn_to, @function
linuxu_sigreturn_to:			/* (x0 = frame) */
	mov	sp, x0
	b	linuxu_sigreturn
	.size	linuxu_sigreturn_to, . - linuxu_sigreturn_to

#ifdef CONFIG_SMP
	/* linuxu_clone(flags, top, fn, arg): before the filter of calls, so it leaves no entry. */
	.section .text.linuxu_clone, "ax"
	.globl	linuxu_clone
	.hidden	linuxu_clone
	.type	linuxu_clone, @function
linuxu_clone:
	stp	x2, x3, [x1, #-16]!
	mov	x2, xzr
	mov	x3, xzr
	mov	x4, xzr
	mov	x8, #220
	svc	#0
	cbz	w0, 1f
	ret
1:	mov	x29, xzr
	mov	x30, xzr
	ldp	x16, x0, [sp], #16
	br	x16
	.size	linuxu_clone, . - linuxu_clone
#endif

	/* As host_note() in host.h leaves it: the number, whatever the arguments. */
	.section .uk_tab.hostcall.139_6_0, "a", @progbits
	.balign	8
hostcall_sigreturn:
	.short	139, 6
	.long	0

	.section .note.GNU-stack, "", @progbits
