/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where another CPU starts: at the physical address, address translation and caches off, interrupts masked, with the physical
 * address of what treesmp.c has for it in x0 (PSCI, DEN0022 §6.4). It goes the way that boot_entry went, to boot_cpu_entry().
 *
 * Before translation it only reads, and what it reads was written to memory through the caches: exclusive accesses are for
 * cached memory.
 */
#include <uk/arch/cpu.h>

#include "treesmp.h"

	.section .text.boot_cpu_start, "ax"
	.globl	boot_cpu_start
	.hidden	boot_cpu_start
	.balign	2048			/* these are vectors, of which one is used */
boot_cpu_start:
	mov	x19, x0
	bl	boot_to_el1
	ldp	x4, x20, [x19, #CPUSTART_OFFSET]
	add	x19, x19, x4
	adr	x5, boot_cpu_start
	add	x5, x5, x4
	msr	vbar_el1, x5
	b	boot_translate		/* the next fetch is a page fault, and enters below */

	.org	boot_cpu_start + 0x200
	/* Who comes too late must not touch what the next one has been given. */
1:	ldaxr	x1, [x19]
	stlxr	w2, xzr, [x19]
	cbnz	w2, 1b
	cbz	x1, 2f
	ldp	x1, x2, [x19, #CPUSTART_PERCPU]
	msr	tpidr_el1, x1
	mov	sp, x2
	mov	x29, xzr
	mov	x30, xzr		/* no return address: backtraces end here */
	b	boot_cpu_entry
2:	wfi
	b	2b

	.section .note.GNU-stack, "", @progbits
