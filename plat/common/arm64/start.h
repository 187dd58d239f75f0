/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each CPU has to be told at the final address: to forbid what it can, execution of what can be written, and access to
 * pages of user mode; and with what it signs return addresses.
 */
#ifndef ARM_START_H
#define ARM_START_H

#include <uk/arch/cpu.h>
#include <uk/config.h>

#ifdef CONFIG_HARDEN_PAC
/* From here on return addresses are signed, if the CPU can: in one function with its caller, which must not return. */
static UK_ALWAYS_INLINE void boot_sign(const uint64_t key[2])
{
	if (!arm_has_pauth())
		return;
	arm_write(s3_0_c2_c1_0, key[0]); /* APIAKeyLo_EL1, APIAKeyHi_EL1 */
	arm_write(s3_0_c2_c1_1, key[1]);
	arm_write(sctlr_el1, arm_read(sctlr_el1) | ARM_SCTLR_ENIA);
	arm_isb();
}
#endif

static inline void boot_cpu(void)
{
	uint64_t sctlr = arm_read(sctlr_el1);

#ifdef CONFIG_HARDEN_NX
	sctlr |= ARM_SCTLR_WXN;
#endif
#ifdef CONFIG_HARDEN_BTI
	if (arm_has_bti())
		sctlr |= ARM_SCTLR_BT1;
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
