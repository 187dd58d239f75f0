/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first steps at the final address, for boot_start() of a platform.
 */
#ifndef X86_START_H
#define X86_START_H

#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/config.h>

#include "boot.h"
#include "image.h"

/* entry.S */
extern uint64_t boot_root_table[];

/* Called by entry.S, with what the loader left in eax and ebx. */
void boot_start(uint32_t magic, uint32_t info);

/* The first entry of the root table mapped the image to its physical address. */
static inline void boot_drop_identity(void)
{
	boot_root_table[0] = 0;
	x86_write_cr3(x86_read_cr3());
}

/*
 * Descriptor tables, and stacks for what may happen while the stack is broken, each with nothing mapped below it.
 * Their frames are those that the identity mapping's tables were in, which must be gone by then, and one more.
 */
static inline void boot_traps(void)
{
#ifdef CONFIG_HARDEN_GUARD
	static const uint8_t where[] = { BOOT_FIXED_DF_STACK, BOOT_FIXED_NMI_STACK,
					 BOOT_FIXED_MC_STACK };

	for (unsigned i = 0; i < UK_ARRAY_SIZE(where); i++)
		uk_plat_map(boot_fixed(where[i]), image_paddr(boot_spare_pages) + i * UK_PAGE_SIZE,
			    UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
	x86_trap_init(boot_fixed(BOOT_FIXED_NMI_STACK) + UK_PAGE_SIZE,
		      boot_fixed(BOOT_FIXED_DF_STACK) + UK_PAGE_SIZE,
		      boot_fixed(BOOT_FIXED_MC_STACK) + UK_PAGE_SIZE);
#else
	x86_trap_init((uintptr_t)boot_spare_pages + UK_PAGE_SIZE,
		      (uintptr_t)boot_spare_pages + 2 * UK_PAGE_SIZE,
		      (uintptr_t)boot_spare_pages + 3 * UK_PAGE_SIZE);
#endif
}

#endif
