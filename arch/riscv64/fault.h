/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between trap.S, fault.c and trap.c: see trap.S.
 */
#ifndef RISCV_FAULT_H
#define RISCV_FAULT_H

/* What riscv_fault() answers. */
#define RISCV_FAULT_DONE 0 /* try again */
#define RISCV_FAULT_MOVE 1 /* a trap, to be handled on the interrupted stack */
#define RISCV_FAULT_HERE 2 /* one that cannot be: that stack is what is missing */

/* In struct uk_regs, beside the registers: on which of the stacks for page faults the frame lies; 0: none. */
#define UK_REGS_LEVEL 280

#ifndef __ASSEMBLER__
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/essentials.h>

struct riscv_area {
	uint64_t t0, t1, sp;
	uint32_t level;
	uintptr_t stacks[RISCV_FAULT_LEVELS];
	struct {
		uint64_t t0, t1, t2, pc, status, cause, tval;
	} outer;
};

#ifdef CONFIG_SMP
#include <uk/percpu.h>

UK_STATIC_ASSERT(sizeof(uk_percpus[0].area) == sizeof(struct riscv_area), "<uk/arch/percpu.h>");

/* This CPU's; with the hardware's interrupts off. */
static inline struct riscv_area *riscv_area(void)
{
	return (struct riscv_area *)uk_percpu()->area;
}
#else
extern struct riscv_area riscv_the_area __attribute__((visibility("hidden")));

static inline struct riscv_area *riscv_area(void)
{
	return &riscv_the_area;
}
#endif

unsigned riscv_fault(struct uk_regs *r);
struct uk_regs *riscv_fault_frame(struct uk_regs *r, unsigned where);
UK_NORETURN void riscv_hopeless(void);
void riscv_entry(struct uk_regs *r);
#endif
#endif
