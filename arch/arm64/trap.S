/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry from exceptions. Threads run with SP_EL0 (EL1t), and the CPU enters with SP_EL1 (EL1h), so there is always a stack: the one for
 * page faults, empty unless a fault is being dealt with. What the CPU keeps in registers (ELR, SPSR, ESR, FAR) the
 * next exception overwrites (DDI 0487 §D1.3).
 *
 * A page fault is dealt with on that stack, since a page of the interrupted one may be what is missing; only if
 * nobody maps it, it becomes a trap on the interrupted stack. Everything else goes there at once, and may find that a page
 * for its frame is missing: then a page fault comes in between, with SP_EL1 in use, for which there are vectors of their own
 * and another stack. So what the CPU has in registers is kept before the frame's first and last word are touched; after that
 * there can be none.
 *
 * An interrupt that arrives while they are masked by software is only noted: hardware interrupts
 * stay off in what was interrupted, until uk_irq_enable() replays it (see <uk/irq.h>).
 *
 * TPIDRRO_EL0, which nobody else uses, holds x0 during the first steps.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/percpu.h>
#include <uk/arch/regs.h>
#include <uk/percpu.h>

#include "fault.h"

	/* What a call of C changes, but x0 to x2. */
	.macro	each_caller_saved op, base
	\op	x3, x4, [\base, #UK_REGS_X(3)]
	\op	x5, x6, [\base, #UK_REGS_X(5)]
	\op	x7, x8, [\base, #UK_REGS_X(7)]
	\op	x9, x10, [\base, #UK_REGS_X(9)]
	\op	x11, x12, [\base, #UK_REGS_X(11)]
	\op	x13, x14, [\base, #UK_REGS_X(13)]
	\op	x15, x16, [\base, #UK_REGS_X(15)]
	\op	x17, x18, [\base, #UK_REGS_X(17)]
	.endm

	.macro	each_callee_saved op, base
	\op	x19, x20, [\base, #UK_REGS_X(19)]
	\op	x21, x22, [\base, #UK_REGS_X(21)]
	\op	x23, x24, [\base, #UK_REGS_X(23)]
	\op	x25, x26, [\base, #UK_REGS_X(25)]
	\op	x27, x28, [\base, #UK_REGS_X(27)]
	.endm

	/* This CPU's struct arm_area; a word of its data, at `at`, which may be the same register. */
#ifdef CONFIG_SMP
	.macro	area reg
	mrs	\reg, tpidr_el1
	add	\reg, \reg, #UK_PERCPU_AREA
	.endm

	.macro	this_cpu op, word, at, offset
	mrs	\at, tpidr_el1
	\op	\word, [\at, #\offset]
	.endm
#else
	.macro	area reg
	adrp	\reg, arm_the_area
	add	\reg, \reg, :lo12:arm_the_area
	.endm

	.macro	this_cpu op, word, at, offset
	adrp	\at, uk_percpu_boot + \offset
	\op	\word, [\at, :lo12:uk_percpu_boot + \offset]
	.endm
#endif

	/* What fits into no vector; the linker script puts them in front of those, and what else fits there. */
	.section .text.arm_entry, "ax"

/* Goes on here from to_interrupted_stack. */
frame:
	str	x0, [x2, #UK_REGS_X(0)]
	ldp	x3, x4, [sp, #ARM_OUTER_X1]
	stp	x3, x4, [x2, #UK_REGS_X(1)]
	ldp	x3, x4, [sp, #ARM_OUTER_PC]
	str	x1, [x2, #UK_REGS_SP]
	stp	x3, x4, [x2, #UK_REGS_PC]
	ldp	x3, x4, [sp, #ARM_OUTER_CAUSE]
	stp	x3, x4, [x2, #UK_REGS_CAUSE]
	add	sp, sp, #ARM_OUTER_SIZE
	msr	sp_el0, x2
	msr	spsel, #0
enter:
	mov	x0, sp
	bl	arm_entry
	mov	x0, sp
	ldr	w1, [x0, #UK_REGS_LEVEL]
	cbnz	w1, from_own_stack
	msr	spsel, #1
	b	leave

/*
 * A page fault of a thread, which began at the vector: the frame at sp has registers that a call of C changes only, unless it becomes a trap.
 */
page_fault:
	str	x0, [sp, #UK_REGS_SP]
	stp	x1, x2, [sp, #UK_REGS_PC]
	stp	x3, x4, [sp, #UK_REGS_CAUSE]
	mov	x0, sp
	bl	arm_fault
	cbnz	w0, 3f
	/* ARM_FAULT_DONE */
	ldp	x1, x2, [sp, #UK_REGS_PC]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	each_caller_saved ldp, sp
	ldr	x30, [sp, #UK_REGS_X(30)]
	ldp	x1, x2, [sp, #UK_REGS_X(1)]
	ldr	x0, [sp]
	add	sp, sp, #UK_REGS_SIZE
	eret
3:	each_callee_saved stp, sp
	str	x29, [sp, #UK_REGS_X(29)]
	mov	w1, w0
	mov	x0, sp
	bl	arm_fault_frame
	mov	x1, sp
	cmp	x0, x1
	b.eq	enter			/* it stays here */
	add	sp, sp, #UK_REGS_SIZE
	msr	sp_el0, x0
	msr	spsel, #0
	b	enter

/*
 * The vectors, each of 32 instructions. There is no user mode: the second half of the 2 KiB never counts, and other code
 * lies there. So it does where an interrupt would enter that never comes: fast ones are masked everywhere, and with SP_EL1 in use all are.
 */
	.macro	vector n
	.org	arm_vectors + 0x80 * \n
	.endm

	.section .text.arm_vectors, "ax"
	.globl	arm_vectors
arm_vectors:				/* of a thread: synchronous */
	msr	tpidrro_el0, x0
	mrs	x0, esr_el1
	lsr	x0, x0, #ARM_ESR_EC
	and	x0, x0, #~(ARM_EC_FETCH ^ ARM_EC_DATA)
	cmp	x0, #ARM_EC_FETCH
	b.ne	1f
	sub	sp, sp, #UK_REGS_SIZE
	stp	x1, x2, [sp, #UK_REGS_X(1)]
	mrs	x0, tpidrro_el0
	str	x0, [sp, #UK_REGS_X(0)]
	each_caller_saved stp, sp
	str	x30, [sp, #UK_REGS_X(30)]
	mrs	x0, sp_el0
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	mrs	x3, esr_el1
	mrs	x4, far_el1
	b	page_fault
1:	sub	sp, sp, #ARM_OUTER_SIZE
	stp	x1, x2, [sp, #ARM_OUTER_X1]
	mrs	x1, esr_el1
	b	to_interrupted_stack

	vector	1			/* interrupt */
	msr	tpidrro_el0, x0
	this_cpu ldr, w0, x0, UK_PERCPU_IRQ_OFF
	sub	sp, sp, #ARM_OUTER_SIZE
	stp	x1, x2, [sp, #ARM_OUTER_X1]
	cbnz	w0, 1f
	mov	x1, #-1
	b	to_interrupted_stack
	/* Masked: note it. */
1:	mov	w1, #1
	this_cpu str, w1, x0, UK_PERCPU_IRQ_PENDING
	mrs	x0, spsr_el1
	orr	x0, x0, #ARM_PSTATE_I
	msr	spsr_el1, x0
	ldr	x1, [sp, #ARM_OUTER_X1]
	add	sp, sp, #ARM_OUTER_SIZE
	mrs	x0, tpidrro_el0
	eret

	vector	2			/* fast interrupt: none */
/* The frame is at x0, sp is SP_EL1 as it was. */
leave:
	ldp	x1, x2, [x0, #UK_REGS_PC]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldr	x1, [x0, #UK_REGS_SP]
	msr	sp_el0, x1
	each_caller_saved ldp, x0
	each_callee_saved ldp, x0
	ldp	x29, x30, [x0, #UK_REGS_X(29)]
	ldr	x2, [x0, #UK_REGS_X(2)]
	ldp	x0, x1, [x0]
	eret
/* Nobody goes on behind a trap in the handling of a page fault: this one was in a thread. */
from_own_stack:
	add	sp, sp, #UK_REGS_SIZE
	b	leave

	vector	3			/* error of the system */
	msr	tpidrro_el0, x0
	sub	sp, sp, #ARM_OUTER_SIZE
	stp	x1, x2, [sp, #ARM_OUTER_X1]
	mrs	x1, esr_el1
/* x0 is in TPIDRRO_EL0, x1 and x2 are on the stack, at OUTER_X1, and x1 is the cause. */
to_interrupted_stack:
	mrs	x2, far_el1
	stp	x1, x2, [sp, #ARM_OUTER_CAUSE]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [sp, #ARM_OUTER_PC]
	mrs	x0, tpidrro_el0
	mrs	x1, sp_el0
	str	x0, [sp, #ARM_OUTER_X0]
	sub	x2, x1, #UK_REGS_SIZE
	and	x2, x2, #~15
	.globl	arm_touch, arm_touch_end
	.hidden	arm_touch, arm_touch_end
arm_touch:
	str	xzr, [x2, #UK_REGS_LEVEL]	/* the last */
	str	xzr, [x2]
arm_touch_end:
	each_caller_saved stp, x2
	each_callee_saved stp, x2
	stp	x29, x30, [x2, #UK_REGS_X(29)]
	b	frame

	vector	4			/* of what runs on SP_EL1: synchronous; interrupts: none */
	msr	tpidrro_el0, x0
	mrs	x0, sp_el0
/* x0 is in TPIDRRO_EL0; SP_EL0, which it has now, is 0 before there are threads, when nobody can be told. */
nested:
	cbz	x0, .
	area	x0
	stp	x1, x2, [x0, #ARM_AREA_X1]
	ldr	w1, [x0, #ARM_AREA_NESTED]
	cbnz	w1, hopeless
	mov	w1, #1
	str	w1, [x0, #ARM_AREA_NESTED]
	ldr	x1, [x0, #ARM_AREA_NESTED_STACK]
	mov	x2, sp
	sub	x1, x1, #UK_REGS_SIZE
	mov	sp, x1
	str	x2, [sp, #UK_REGS_SP]
	ldp	x1, x2, [x0, #ARM_AREA_X1]
	mrs	x0, tpidrro_el0
	stp	x0, x1, [sp]
	str	x2, [sp, #UK_REGS_X(2)]
	each_caller_saved stp, sp
	each_callee_saved stp, sp
	stp	x29, x30, [sp, #UK_REGS_X(29)]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	mrs	x3, esr_el1
	mrs	x4, far_el1
	stp	x1, x2, [sp, #UK_REGS_PC]
	stp	x3, x4, [sp, #UK_REGS_CAUSE]
	mov	x0, sp
	bl	arm_nested
	area	x1
	str	wzr, [x1, #ARM_AREA_NESTED]
	cbnz	x0, 4f
	mov	x0, sp
	ldp	x1, x2, [x0, #UK_REGS_PC]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	each_caller_saved ldp, x0
	each_callee_saved ldp, x0
	ldp	x29, x30, [x0, #UK_REGS_X(29)]
	ldr	x1, [x0, #UK_REGS_SP]
	mov	sp, x1
	ldp	x1, x2, [x0, #UK_REGS_X(1)]
	ldr	x0, [x0]
	eret
4:	mov	sp, x0			/* it is the thread's trap */
	b	enter
/* A page fault in what is done about one in what is done about one. */
hopeless:
	ldr	x1, [x0, #ARM_AREA_NESTED_STACK]
	mov	sp, x1
	b	arm_hopeless

	vector	7			/* error of the system */
	msr	tpidrro_el0, x0
	mov	x0, #-1
	b	nested

	.section .note.GNU-stack, "", @progbits
