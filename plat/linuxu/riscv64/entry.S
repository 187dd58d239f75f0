/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First and last instructions: where the host kernel enters the process, and what it is asked for where no C function could
 * go on.
 */
#include <uk/config.h>

	.section .text.linuxu_entry, "ax"
	.globl	_start
	.type	_start, @function
_start:
	/* sp points at argc; argv, environment and the auxiliary vector follow. */
#ifdef CONFIG_SMP
	lla	gp, uk_percpus		/* for good: the CPU's data, with the canary */
#elif defined(CONFIG_HARDEN_STACK_PROTECTOR)
	lla	gp, __stack_chk_guard	/* for good: where compilers take the canary from */
#endif
	li	fp, 0			/* the end of every backtrace */
	li	ra, 0
	mv	a0, sp
	andi	sp, sp, -16
	call	linuxu_start
	unimp				/* it does not return */
	.size	_start, . - _start

	.section .text.linuxu_sigreturn_to, "ax"
	.globl	linuxu_sigreturn_to
	.hidden	linuxu_sigreturn_to
	.type	linuxu_sigreturn_to, @function
linuxu_sigreturn_to:			/* (a0 = frame) */
	mv	sp, a0
	li	a7, 139
	ecall
	unimp
	.size	linuxu_sigreturn_to, . - linuxu_sigreturn_to

#ifdef CONFIG_SMP
	/* linuxu_clone(flags, top, fn, arg): before the filter of calls, so it leaves no entry. */
	.section .text.linuxu_clone, "ax"
	.globl	linuxu_clone
	.hidden	linuxu_clone
	.type	linuxu_clone, @function
linuxu_clone:
	addi	a1, a1, -16
	sd	a2, 0(a1)
	sd	a3, 8(a1)
	li	a2, 0
	li	a3, 0
	li	a4, 0
	li	a7, 220
	ecall
	beqz	a0, 1f
	ret
1:	li	fp, 0
	li	ra, 0
	ld	t0, 0(sp)
	ld	a0, 8(sp)
	addi	sp, sp, 16
	jr	t0
	.size	linuxu_clone, . - linuxu_clone
#endif

	.section .note.GNU-stack, "", @progbits
