/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first steps at the final address, for boot_start() of a platform.
 */
#ifndef ARM_START_H
#define ARM_START_H

#include <uk/arch/trap.h>
#include <uk/canary.h>
#include <uk/config.h>

#include "boot.h"
#include "image.h"

#define DIRECT_SLOT  (2UL << 20)
#define DIRECT_SLOTS ((UK_VA_IMAGE - UK_VA_DIRECT - PADDR_LIMIT) / DIRECT_SLOT)

/* What boot_early() has drawn: in one function with its caller, which must not return. */
static UK_ALWAYS_INLINE void boot_use_random(void)
{
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	uk_canary_set(boot_random[0]);
#endif
	uk_plat_direct_base = UK_VA_DIRECT + boot_random[1] % DIRECT_SLOTS * DIRECT_SLOT;
	boot_random[0] = boot_random[1] = 0;
}

/* What this CPU can forbid: to execute what can be written, and to touch pages of user mode. */
static inline void boot_protect_cpu(void)
{
	uint64_t sctlr = arm_read(sctlr_el1);

#ifdef CONFIG_HARDEN_NX
	sctlr |= ARM_SCTLR_WXN;
#endif
	if (arm_read(id_aa64mmfr1_el1) >> 20 & 15) {               /* PAN */
		sctlr &= ~(uint64_t)ARM_SCTLR_SPAN;                /* exceptions set it as well */
		__asm__ volatile(".inst 0xd500419f" ::: "memory"); /* msr pan, #1 */
		arm_pstate |= ARM_PSTATE_PAN;
	}
	arm_write(sctlr_el1, sctlr);
	arm_isb();
}

/* Entry of traps, and stacks for what may happen while the stack is broken, each with nothing mapped below it. */
static inline void boot_traps(void)
{
	boot_protect_cpu();
#ifdef CONFIG_HARDEN_GUARD
	static const uint8_t where[] = { BOOT_FIXED_FAULT_STACK, BOOT_FIXED_NESTED_STACK };

	for (unsigned i = 0; i < UK_ARRAY_SIZE(where); i++)
		uk_plat_map(boot_fixed(where[i]), image_paddr(boot_spare_pages) + i * UK_PAGE_SIZE,
			    UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
	arm_trap_init(boot_fixed(BOOT_FIXED_FAULT_STACK) + UK_PAGE_SIZE,
		      boot_fixed(BOOT_FIXED_NESTED_STACK) + UK_PAGE_SIZE);
#else
	arm_trap_init((uintptr_t)boot_spare_pages + UK_PAGE_SIZE,
		      (uintptr_t)boot_spare_pages + 2 * UK_PAGE_SIZE);
#endif
}

#endif
