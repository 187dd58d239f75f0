/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where another hart starts: in supervisor mode at the physical address, address translation and interrupts off, its
 * number in a0 and what treesmp.c has for it in a1 (SBI 1.0 §9.1). It goes the way that boot_entry went, to boot_cpu_entry().
 */
#include <uk/arch/cpu.h>

#include "treesmp.h"

	.section .text.boot_cpu_start, "ax"
	.globl	boot_cpu_start
	.hidden	boot_cpu_start
	.balign	4
boot_cpu_start:
	csrw	sie, zero
	/* Who comes too late must not touch what the next one has been given. */
	amoswap.d.aqrl t0, zero, (a1)
	beqz	t0, 2f
	ld	t0, CPUSTART_OFFSET(a1)
	ld	t1, CPUSTART_TABLES(a1)
	ld	gp, CPUSTART_PERCPU(a1)
	ld	sp, CPUSTART_STACK(a1)
	li	tp, 0			/* the application's: none yet */
	lla	t2, 1f
	add	t2, t2, t0
	csrw	stvec, t2
	fence.i
	sfence.vma
	csrw	satp, t1		/* the next fetch is a page fault, and enters at 1 */
	/* This hart does not have the page tables that the first one has. */
2:	li	a7, SBI_EXT_HSM
	li	a6, SBI_HSM_STOP
	ecall
3:	wfi
	j	3b
	.balign	4
1:	li	s0, 0
	li	ra, 0			/* no return address: backtraces end here */
	j	boot_cpu_entry

	.section .note.GNU-stack, "", @progbits
