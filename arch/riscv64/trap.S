/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry from traps and interrupts. The CPU saves nothing but pc, status, cause and an address, in registers of its own that
 * the next trap overwrites (RISC-V ISA vol. 2 §4.1); it enters with interrupts off. sscratch holds the address of an
 * area for the first steps.
 *
 * A page fault is dealt with on a stack of its own, since a page of the interrupted one may be what is missing; only if
 * nobody maps it, it becomes a trap on the interrupted stack. Everything else goes there at once, and may find that a page
 * for its frame is missing: then a page fault comes in between. So what the CPU has in registers is put into the area
 * before the frame's first and last word are touched; after that there can be none.
 *
 * An interrupt that arrives while they are masked by software is only noted: hardware interrupts
 * stay off in what was interrupted, until uk_irq_enable() replays it (see <uk/irq.h>).
 */
#include <uk/arch/cpu.h>
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/arch/percpu.h>
#include <uk/percpu.h>

#include "fault.h"

#define OUTER(n) RISCV_AREA_OUTER + 8 * (n)

	/* Registers that a call of C changes, but t0 to t2. */
	.macro	each_caller_saved op, base
	\op	ra, UK_REGS_X(1)(\base)
	\op	a0, UK_REGS_X(10)(\base)
	\op	a1, UK_REGS_X(11)(\base)
	\op	a2, UK_REGS_X(12)(\base)
	\op	a3, UK_REGS_X(13)(\base)
	\op	a4, UK_REGS_X(14)(\base)
	\op	a5, UK_REGS_X(15)(\base)
	\op	a6, UK_REGS_X(16)(\base)
	\op	a7, UK_REGS_X(17)(\base)
	\op	t3, UK_REGS_X(28)(\base)
	\op	t4, UK_REGS_X(29)(\base)
	\op	t5, UK_REGS_X(30)(\base)
	\op	t6, UK_REGS_X(31)(\base)
	.endm

	/* And the others, but sp and gp. */
	.macro	each_callee_saved op, base
	\op	tp, UK_REGS_X(4)(\base)
	\op	s0, UK_REGS_X(8)(\base)
	\op	s1, UK_REGS_X(9)(\base)
	\op	s2, UK_REGS_X(18)(\base)
	\op	s3, UK_REGS_X(19)(\base)
	\op	s4, UK_REGS_X(20)(\base)
	\op	s5, UK_REGS_X(21)(\base)
	\op	s6, UK_REGS_X(22)(\base)
	\op	s7, UK_REGS_X(23)(\base)
	\op	s8, UK_REGS_X(24)(\base)
	\op	s9, UK_REGS_X(25)(\base)
	\op	s10, UK_REGS_X(26)(\base)
	\op	s11, UK_REGS_X(27)(\base)
	.endm

	.section .text.riscv_entry, "ax"
	.globl	riscv_trap_entry
	.hidden	riscv_trap_entry
	.balign	4			/* stvec's two low bits say how to enter */
riscv_trap_entry:
	csrrw	t0, sscratch, t0
	sd	t1, RISCV_AREA_T1(t0)
	csrrw	t1, sscratch, t0
	sd	t1, RISCV_AREA_T0(t0)
	csrr	t1, scause
	bgez	t1, exception
	lw	t1, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	beqz	t1, to_interrupted_stack
	/* Masked: note it. */
	csrr	t1, scause
#ifdef CONFIG_SMP
	sw	t1, UK_THIS_CPU(UK_PERCPU_IRQ_PENDING)
#else
	sd	t2, RISCV_AREA_OUTER(t0)
	sw	t1, UK_THIS_CPU(UK_PERCPU_IRQ_PENDING), t2
	ld	t2, RISCV_AREA_OUTER(t0)
#endif
	li	t1, RISCV_SSTATUS_SPIE
	csrc	sstatus, t1
	ld	t1, RISCV_AREA_T1(t0)
	ld	t0, RISCV_AREA_T0(t0)
	sret

exception:
	addi	t1, t1, -RISCV_TRAP_FETCH_PAGE
	sltiu	t1, t1, RISCV_TRAP_STORE_PAGE - RISCV_TRAP_FETCH_PAGE + 1
	bnez	t1, page_fault

to_interrupted_stack:
	sd	t2, OUTER(2)(t0)
	ld	t1, RISCV_AREA_T0(t0)
	sd	t1, OUTER(0)(t0)
	ld	t1, RISCV_AREA_T1(t0)
	sd	t1, OUTER(1)(t0)
	csrr	t1, sepc
	csrr	t2, sstatus
	sd	t1, OUTER(3)(t0)
	sd	t2, OUTER(4)(t0)
	csrr	t1, scause
	csrr	t2, stval
	sd	t1, OUTER(5)(t0)
	sd	t2, OUTER(6)(t0)
	addi	t2, sp, -UK_REGS_SIZE
	andi	t2, t2, -16
	.globl	riscv_touch, riscv_touch_end
	.hidden	riscv_touch, riscv_touch_end
riscv_touch:
	sd	zero, UK_REGS_SIZE - 8(t2)
	sd	zero, 0(t2)
riscv_touch_end:
	sd	sp, UK_REGS_X(2)(t2)
	mv	sp, t2
	sd	gp, UK_REGS_X(3)(sp)
	each_caller_saved sd, sp
	each_callee_saved sd, sp
	ld	t1, OUTER(0)(t0)
	ld	t2, OUTER(1)(t0)
	sd	t1, UK_REGS_X(5)(sp)
	sd	t2, UK_REGS_X(6)(sp)
	ld	t1, OUTER(2)(t0)
	ld	t2, OUTER(3)(t0)
	sd	t1, UK_REGS_X(7)(sp)
	sd	t2, UK_REGS_PC(sp)
	ld	t1, OUTER(4)(t0)
	ld	t2, OUTER(5)(t0)
	sd	t1, UK_REGS_STATUS(sp)
	sd	t2, UK_REGS_CAUSE(sp)
	ld	t1, OUTER(6)(t0)
	sd	t1, UK_REGS_TVAL(sp)
enter:
	mv	a0, sp
	call	riscv_entry
	/* The frame may lie on a stack for page faults, which is free then. */
	lw	t1, UK_REGS_LEVEL(sp)
	bnez	t1, 2f
1:	ld	t0, UK_REGS_PC(sp)
	ld	t1, UK_REGS_STATUS(sp)
	sc.d	zero, t0, (sp)		/* whatever was reserved by lr is not any more */
	csrw	sepc, t0
	csrw	sstatus, t1
	each_caller_saved ld, sp
	each_callee_saved ld, sp
	ld	t0, UK_REGS_X(5)(sp)
	ld	t1, UK_REGS_X(6)(sp)
	ld	t2, UK_REGS_X(7)(sp)
	ld	sp, UK_REGS_X(2)(sp)
	sret
2:	csrr	t0, sscratch
	addi	t1, t1, -1
	sw	t1, RISCV_AREA_LEVEL(t0)
	j	1b

page_fault:
	sd	sp, RISCV_AREA_SP(t0)
	lw	sp, RISCV_AREA_LEVEL(t0)
	addi	sp, sp, -RISCV_FAULT_LEVELS
	bgez	sp, hopeless
	addi	sp, sp, RISCV_FAULT_LEVELS + 1
	sw	sp, RISCV_AREA_LEVEL(t0)
	slli	sp, sp, 3
	add	sp, sp, t0
	ld	sp, RISCV_AREA_STACKS - 8(sp)
	addi	sp, sp, -UK_REGS_SIZE
	each_caller_saved sd, sp
	sd	t2, UK_REGS_X(7)(sp)
	ld	a0, RISCV_AREA_T0(t0)
	ld	a1, RISCV_AREA_T1(t0)
	ld	a2, RISCV_AREA_SP(t0)
	csrr	a3, sepc
	csrr	a4, sstatus
	csrr	a5, scause
	csrr	a6, stval
	sd	a0, UK_REGS_X(5)(sp)
	sd	a1, UK_REGS_X(6)(sp)
	sd	a2, UK_REGS_X(2)(sp)
	sd	a3, UK_REGS_PC(sp)
	sd	a4, UK_REGS_STATUS(sp)
	sd	a5, UK_REGS_CAUSE(sp)
	sd	a6, UK_REGS_TVAL(sp)
	mv	a0, sp
	call	riscv_fault
	bnez	a0, 3f
	/* RISCV_FAULT_DONE */
	ld	a3, UK_REGS_PC(sp)
	ld	a4, UK_REGS_STATUS(sp)
	sc.d	zero, a3, (sp)
	csrw	sepc, a3
	csrw	sstatus, a4
	csrr	t0, sscratch
	lw	t1, RISCV_AREA_LEVEL(t0)
	addi	t1, t1, -1
	sw	t1, RISCV_AREA_LEVEL(t0)
	each_caller_saved ld, sp
	ld	t0, UK_REGS_X(5)(sp)
	ld	t1, UK_REGS_X(6)(sp)
	ld	t2, UK_REGS_X(7)(sp)
	ld	sp, UK_REGS_X(2)(sp)
	sret
3:	sd	gp, UK_REGS_X(3)(sp)
	each_callee_saved sd, sp
	mv	a1, a0
	mv	a0, sp
	call	riscv_fault_frame
	mv	sp, a0
	j	enter

/* A page fault in what is done about one in what is done about one. */
hopeless:
	ld	sp, RISCV_AREA_STACKS(t0)
	call	riscv_hopeless

	.section .note.GNU-stack, "", @progbits
