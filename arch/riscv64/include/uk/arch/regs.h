/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupted state as entry code leaves it on the stack. Hooks may change it; see <uk/plat/trap.h>.
 */
#ifndef UK_ARCH_REGS_H
#define UK_ARCH_REGS_H

/* Offsets in struct uk_regs, for assembly; checked in trap.c. */
#define UK_REGS_X(n)   (8 * (n))
#define UK_REGS_PC     0
#define UK_REGS_STATUS 256
#define UK_REGS_CAUSE  264
#define UK_REGS_TVAL   272
#define UK_REGS_SIZE   288 /* a multiple of 16 */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct uk_regs {
	uint64_t pc;                       /* in the place of x0 */
	uint64_t ra, sp, gp, tp, t0, t1, t2, s0, s1;
	uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
	uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
	uint64_t t3, t4, t5, t6;
	uint64_t status; /* sstatus */
	uint64_t cause;  /* scause */
	uint64_t tval;   /* stval: the address of a fault, or the instruction */
	uint32_t level;  /* entry code's: on which of its stacks this lies, or 0 */
	uint32_t pad;
};

static inline uintptr_t uk_regs_pc(const struct uk_regs *r)
{
	return r->pc;
}

static inline uintptr_t uk_regs_sp(const struct uk_regs *r)
{
	return r->sp;
}
#endif

#endif
