/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions, at EL2 or EL1 and at the physical address: the loader has entered with the address of the device
 * tree in x0; interrupts, address translation and data caches are off (Linux Documentation/arm64/booting.rst).
 *
 * The image is mapped to its physical address for the time until it knows its final one: without translation memory is
 * not cached, and can be accessed at aligned addresses only.
 */
#include <uk/arch/asm.h>
#include <uk/arch/cpu.h>
#include <uk/arch/mark.h>
#include <uk/config.h>
#include <uk/mark.h>

#include "boot.h"

#define BLOCK_CODE 0x0040000000000701	/* PTE_UXN, PTE_AF, PTE_SHARED, PTE_VALID */
#define BLOCK_DATA 0x0060000000000701	/* and PTE_PXN */
#define TABLE      3

	.macro	address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.macro	number reg, value
	movz	\reg, #(\value) & 0xffff
	movk	\reg, #((\value) >> 16) & 0xffff, lsl #16
	.endm

	/* Behind the header, which the linker script has. */
	.section .text.boot, "ax"
	.globl	boot_entry
boot_entry:
	UK_MARK(UK_MARK_ENTRY)
	mov	x19, x0
	mrs	x1, CurrentEL
	adr	x0, el3
	cmp	x1, #3 << 2
	b.eq	cannot
	mrs	x1, id_aa64mmfr0_el1
	ubfx	x1, x1, #28, #4
	adr	x0, no_small_pages
	cmp	x1, #0xf
	b.eq	cannot
	bl	boot_to_el1
	address	x1, arm_vectors
	msr	vbar_el1, x1

	/* The root table, and one for the first 512 GiB or whichever of them we are in, behind it. */
	address	x20, boot_root_table
	add	x21, x20, #0x1000
	mov	x1, x20
	add	x2, x20, #0x2000
	bl	zero
	adr	x8, boot_entry
	ubfx	x22, x8, #39, #9
	orr	x4, x21, #TABLE
	str	x4, [x20, x22, lsl #3]
	ubfx	x4, x19, #39, #9
	cmp	x4, x22
	csel	x19, x19, xzr, eq	/* a tree elsewhere is not seen: that is said later */
	mov	x5, #BLOCK_DATA & 0xffff
	movk	x5, #BLOCK_DATA >> 48, lsl #48
	cbz	x19, 3f			/* there is none */
	mov	x6, x19
	bl	map_block
	add	x6, x19, #0x200, lsl #12
	bl	map_block
3:
	mov	x5, #BLOCK_CODE & 0xffff
	movk	x5, #BLOCK_CODE >> 48, lsl #48
	mov	x6, x8
	bl	map_block
	address	x6, boot_stack_top
	bl	map_block
	/* Nothing of it may be in the caches from before. */
	dmb	sy
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
	mov	x1, x20
	add	x2, x20, #0x2000
4:	.rept	8
	dc	ivac, x1
	add	x1, x1, x3
	.endr
	cmp	x1, x2
	b.lo	4b

	bl	boot_translate

	/* Variables, and the frames of page tables: all but these two, and not the pages behind them, for stacks. */
	address	x1, image_bss
	address	x2, image_bss_end
	bl	zero
	address	x1, image_tables
	address	x2, boot_stack
	bl	zero
	address	x1, boot_stack_top
	mov	sp, x1
#ifdef CONFIG_SMP
	address	x1, uk_percpus		/* for good: the CPU's data, with the canary */
	msr	tpidr_el1, x1
#endif
	mov	x0, x19
	bl	boot_early		/* returns virtual - physical address of the image */
	.globl	boot_relocated
boot_relocated:				/* where debuggers learn it: support/tools/runner/gdb.py */
#ifdef CONFIG_SMP
	mrs	x1, tpidr_el1
	add	x1, x1, x0
	msr	tpidr_el1, x1
#endif
	mov	x1, sp
	add	x1, x1, x0
	add	sp, x1, #STACK_SHIFT
	adr	x1, 5f
	add	x1, x1, x0
	add	x20, x20, x0
	dsb	nshst
	isb
	br	x1
5:	UK_LANDING_ANY
	str	xzr, [x20, x22, lsl #3]
	dsb	nshst
	tlbi	vmalle1
	dsb	nsh
	isb
	mov	x0, x19
	mov	x29, xzr
	mov	x30, xzr		/* no return address: backtraces end here */
	b	boot_start

/* The end, with the text at x0: no other console is known yet. */
cannot:
	mov	x1, #BOOT_FIRST_UART
1:	ldrb	w2, [x0], #1
	str	w2, [x1]
	cbnz	w2, 1b
2:	wfi
	b	2b
el3:
	.asciz	"[whittle] error: EL3 is the firmware's; start the image at EL2 or EL1\n"
no_small_pages:
	.asciz	"[whittle] error: this CPU has no pages of 4 KiB\n"
	.balign	4

/* To EL1, if it is not there, and what a CPU has to be told first. Changes x1 and x2. */
	.globl	boot_to_el1
	.hidden	boot_to_el1
boot_to_el1:
	number	x1, ARM_SCTLR_RES1
	msr	sctlr_el1, x1
	mrs	x2, CurrentEL
	cmp	x2, #2 << 2
	b.ne	1f
	/* From EL2: nothing of EL1 traps, its counters are the CPU's. */
	mov	x1, #1 << 31		/* RW: EL1 is of 64 bits */
#ifdef CONFIG_HARDEN_PAC
	orr	x1, x1, #3 << 40	/* API, APK */
#endif
	msr	hcr_el2, x1
	mov	x1, #3			/* EL1PCTEN, EL1PCEN */
	msr	cnthctl_el2, x1
	msr	cntvoff_el2, xzr
	mov	x1, #0x33ff		/* what is RES1 */
	msr	cptr_el2, x1
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x1, midr_el1
	msr	vpidr_el2, x1
	mrs	x1, mpidr_el1
	msr	vmpidr_el2, x1
	mrs	x1, id_aa64pfr0_el1
	ubfx	x1, x1, #24, #4
	cbz	x1, 2f			/* no GICv3 in system registers */
	mov	x1, #0xf		/* SRE, and EL1 may use it */
	msr	S3_4_C12_C9_5, x1	/* ICC_SRE_EL2 */
	isb
	msr	S3_4_C12_C11_0, xzr	/* ICH_HCR_EL2 */
2:	mov	x1, #ARM_PSTATE_D | ARM_PSTATE_A | ARM_PSTATE_I | ARM_PSTATE_F | ARM_PSTATE_EL1H
	msr	spsr_el2, x1
	adr	x1, 1f
	msr	elr_el2, x1
	eret
1:	msr	spsel, #1
	isb
	mov	x1, #3 << 20		/* floating point and vectors */
	msr	cpacr_el1, x1
	msr	mdscr_el1, xzr
	msr	sp_el0, xzr		/* no thread: see trap.S */
	msr	tpidr_el0, xzr		/* the application's: none yet */
	ret

/* Address translation and caches on, with the root table at x20. Changes x1 to x3. */
	.globl	boot_translate
	.hidden	boot_translate
boot_translate:
	mrs	x1, id_aa64mmfr0_el1
	and	x2, x1, #15
	mov	x3, #5			/* 48 bits of physical addresses */
	cmp	x2, x3
	csel	x2, x2, x3, lo
	number	x3, ARM_TCR
	orr	x3, x3, x2, lsl #ARM_TCR_IPS
	msr	tcr_el1, x3
	mov	x2, #ARM_MAIR
	msr	mair_el1, x2
	msr	ttbr0_el1, x20
	msr	ttbr1_el1, xzr
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	number	x2, ARM_SCTLR_RES1 | ARM_SCTLR_M | ARM_SCTLR_C | ARM_SCTLR_SA | ARM_SCTLR_I
	msr	sctlr_el1, x2
	isb
	ret

/* The GiB in which x6 lies; x5 is what the entry says. */
map_block:
	ubfx	x7, x6, #30, #9
	and	x6, x6, #0xffffffffc0000000
	orr	x6, x6, x5
	str	x6, [x21, x7, lsl #3]
	ret

/* From x1 to x2, both multiples of 64. */
zero:
	.arch_extension simd
	.irp	n, 0, 1, 2, 3
	movi	v\n\().16b, #0
	.endr
	sub	x3, x2, x1
	subs	x3, x3, #512
	b.lo	2f
1:	.rept	8
	st1	{v0.2d-v3.2d}, [x1], #64
	.endr
	subs	x3, x3, #512
	b.hs	1b
2:	cmp	x1, x2
	b.hs	3f
	st1	{v0.2d-v3.2d}, [x1], #64
	b	2b
3:	ret

	.section .boot.tables, "aw", @nobits
	.globl	boot_root_table, boot_spare_pages
	.hidden	boot_root_table, boot_spare_pages
boot_root_table:
	.skip	4096
boot_spare_pages:			/* a table, and stacks for page faults; one is left; the command line */
	.skip	4 * 4096

	.section .boot.stack, "aw", @nobits
	.globl	boot_stack, boot_stack_top
	.hidden	boot_stack, boot_stack_top
boot_stack:
	.skip	BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
