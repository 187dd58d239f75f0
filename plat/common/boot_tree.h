/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What CPUs share whose machines come with a device tree, on the way from the first instruction to uk_boot(): a part of
 * the CPU's boot.h.
 */
#ifndef BOOT_TREE_H
#define BOOT_TREE_H

#include "boot_any.h"

/* Entry types, as boot_memory() has them. */
#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3

#define PADDR_LIMIT UK_ARCH_PADDR_LIMIT
#define INFO_LIMIT  UK_VA_BOOT_LEN

#ifndef __ASSEMBLER__
/* Of boot_early(), which runs before there can be a canary, and that variable has its address: random numbers. */
enum {
	BOOT_RANDOM_CANARY,
	BOOT_RANDOM_DIRECT,
#ifdef CONFIG_HARDEN_PAC
	BOOT_RANDOM_KEY,
	BOOT_RANDOM_KEY_2,
#endif
	BOOT_RANDOMS
};
extern uint64_t boot_random[BOOT_RANDOMS] __attribute__((visibility("hidden")));

/*
 * A part of what is random that no address is chosen by: who knows all addresses does not know the canary. 0: there is too little. Used
 * before relocation, so not by a table of addresses.
 */
extern uint64_t boot_secret __attribute__((visibility("hidden")));
#endif
#endif
