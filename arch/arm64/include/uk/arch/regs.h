/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupted state as entry code leaves it on the stack. Hooks may change it; see <uk/plat/trap.h>.
 */
#ifndef UK_ARCH_REGS_H
#define UK_ARCH_REGS_H

/* Offsets in struct uk_regs, for assembly; checked in trap.c. */
#define UK_REGS_X(n)   (8 * (n))
#define UK_REGS_SP     248
#define UK_REGS_PC     256
#define UK_REGS_STATUS 264
#define UK_REGS_CAUSE  272
#define UK_REGS_ADDR   280
#define UK_REGS_SIZE   304 /* a multiple of 16 */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct uk_regs {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t status;      /* SPSR_EL1 */
	uint64_t cause;       /* ESR_EL1; all ones: an interrupt */
	uint64_t addr;        /* FAR_EL1: the address of a fault */
	uint32_t level;       /* entry code's: on which of its stacks this lies, or 0 */
	uint32_t link_signed; /* x30 is signed for this frame: trap.c */
	uint32_t pad[2];
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
