/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each CPU has to be told at the final address: to forbid what it can, execution of what can be written, and access to
 * pages of user mode.
 */
#ifndef ARM_START_H
#define ARM_START_H

#include <uk/arch/cpu.h>
#include <uk/config.h>

static inline void boot_cpu(void)
{
	uint64_t sctlr = arm_read(sctlr_el1);

#ifdef CONFIG_HARDEN_NX
	sctlr |= ARM_SCTLR_WXN;
#endif
	if (arm_read(id_aa64mmfr1_el1) >> 20 & 15) {               /* PAN */
		sctlr &= ~(uint64_t)ARM_SCTLR_SPAN;                /* exceptions set it as well */
		__asm__ volatile(".inst 0xd500419f" ::: "memory"); /* msr pan, #1 */
		if (!(arm_pstate & ARM_PSTATE_PAN)) /* the first CPU: later it is read-only */
			arm_pstate |= ARM_PSTATE_PAN;
	}
	arm_write(sctlr_el1, sctlr);
	arm_isb();
}

#include "firststeps.h"

#endif
