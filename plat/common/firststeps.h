/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first steps at the final address, for boot_start() of a platform, as they are on arm64 and riscv64: a part of their
 * start.h, which has boot_cpu(), what each CPU has to be told; boot.h names BOOT_TRAP_INIT().
 */
#ifndef BOOT_FIRSTSTEPS_H
#define BOOT_FIRSTSTEPS_H

#include <uk/arch/trap.h>
#include <uk/canary.h>
#include <uk/percpu.h>

#include "boot.h"
#include "image.h"

#define DIRECT_SLOT  (2UL << 20)
#define DIRECT_SLOTS ((UK_VA_IMAGE - UK_VA_DIRECT - UK_ARCH_PADDR_LIMIT) / DIRECT_SLOT)

/* What boot_early() has drawn: in one function with its caller, which must not return. */
static UK_ALWAYS_INLINE void boot_use_random(void)
{
#ifdef CONFIG_SMP
	uk_percpu_init(0);
#endif
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	uk_canary_set(boot_random[BOOT_RANDOM_CANARY]);
#ifdef CONFIG_SMP
	uk_percpu()->canary = __stack_chk_guard;
#endif
#endif
	uk_plat_direct_base =
		UK_VA_DIRECT + boot_random[BOOT_RANDOM_DIRECT] % DIRECT_SLOTS * DIRECT_SLOT;
#ifdef CONFIG_HARDEN_PAC
	boot_sign(&boot_random[BOOT_RANDOM_KEY]);
#endif
	for (unsigned i = 0; i < BOOT_RANDOMS; i++)
		boot_random[i] = 0;
}

/* Entry of traps, and stacks for what may happen while the stack is broken, each with nothing mapped below it. */
static inline void boot_traps(void)
{
#ifdef CONFIG_HARDEN_GUARD
	static const uint8_t where[] = { BOOT_FIXED_FAULT_STACK, BOOT_FIXED_NESTED_STACK };

	for (unsigned i = 0; i < UK_ARRAY_SIZE(where); i++)
		uk_plat_map(boot_fixed(where[i]), image_paddr(boot_spare_pages) + i * UK_PAGE_SIZE,
			    UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
	BOOT_TRAP_INIT(boot_fixed(BOOT_FIXED_FAULT_STACK) + UK_PAGE_SIZE,
		       boot_fixed(BOOT_FIXED_NESTED_STACK) + UK_PAGE_SIZE);
#else
	BOOT_TRAP_INIT((uintptr_t)boot_spare_pages + UK_PAGE_SIZE,
		       (uintptr_t)boot_spare_pages + 2 * UK_PAGE_SIZE);
#endif
	boot_cpu();
}

#endif
