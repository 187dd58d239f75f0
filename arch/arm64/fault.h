/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between trap.S, fault.c and trap.c: see trap.S.
 */
#ifndef ARM_FAULT_H
#define ARM_FAULT_H

/* What arm_fault() answers. */
#define ARM_FAULT_DONE 0 /* try again */
#define ARM_FAULT_MOVE 1 /* a trap, to be handled on the interrupted stack */
#define ARM_FAULT_HERE 2 /* one that cannot be: that stack is what is missing */

/* In struct uk_regs, beside the registers: on which of the stacks for page faults the frame lies; 0: none. */
#define UK_REGS_LEVEL 288

/* What entry code keeps while it finds out whether there is room for a frame: struct arm_outer. */
#define ARM_OUTER_X0    0
#define ARM_OUTER_X1    8
#define ARM_OUTER_PC    24
#define ARM_OUTER_CAUSE 40
#define ARM_OUTER_SIZE  64

/* struct arm_area. */
#define ARM_AREA_X1           0
#define ARM_AREA_NESTED       16
#define ARM_AREA_NESTED_STACK 24

#ifndef __ASSEMBLER__
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/essentials.h>

struct arm_outer {
	uint64_t x0, x1, x2, pc, status, cause, addr, pad;
};

struct arm_area {
	uint64_t x1, x2;
	uint32_t nested;        /* a fault with SP_EL1 in use is being dealt with */
	uintptr_t nested_stack; /* top of the stack for that */
};

#ifdef CONFIG_SMP
#include <uk/percpu.h>

UK_STATIC_ASSERT(sizeof(uk_percpus[0].area) == sizeof(struct arm_area), "<uk/arch/percpu.h>");

/* This CPU's. */
static inline struct arm_area *arm_area(void)
{
	return (struct arm_area *)uk_percpu()->area;
}
#else
extern struct arm_area arm_the_area;

static inline struct arm_area *arm_area(void)
{
	return &arm_the_area;
}
#endif

unsigned arm_fault(struct uk_regs *r);
struct uk_regs *arm_fault_frame(struct uk_regs *r, unsigned where);
struct uk_regs *arm_nested(struct uk_regs *r);
UK_NORETURN void arm_hopeless(void);
void arm_entry(struct uk_regs *r);
#endif
#endif
