/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What plat/common wants to know of this platform.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <uk/config.h>

#define BOOT_STACK_KIB CONFIG_PLAT_XEN_STACK

/* Where Xen has the UART that it emulates for a guest (public/arch-arm.h, GUEST_PL011_BASE): for what is wrong before anything can be asked. */
#define BOOT_FIRST_UART 0x22000000

#ifndef __ASSEMBLER__
#include <uk/types.h>

/* Pages of address space behind the image and its boot stack, for devices, pages of Xen's and trap stacks. */
enum boot_fixed {
	BOOT_FIXED_CONSOLE,
	BOOT_FIXED_STORE,
	BOOT_FIXED_UART,
	BOOT_FIXED_RTC,
	BOOT_FIXED_GICD,
	BOOT_FIXED_GICD_ROUTES,
	BOOT_FIXED_GIC_CPU, /* of version 2: the CPU's part; of version 3: the redistributor's first page ... */
	BOOT_FIXED_GIC_SGI, /* ... and its second part */
	BOOT_FIXED_TREE,    /* the device tree, if it fits */
	BOOT_FIXED_TREE_LAST = BOOT_FIXED_TREE + 7,
	BOOT_FIXED_FAULT_GUARD, /* never mapped */
	BOOT_FIXED_FAULT_STACK,
	BOOT_FIXED_NESTED_GUARD,
	BOOT_FIXED_NESTED_STACK,
	BOOT_FIXED_N
};

/* As enum boot_fixed, for listings. */
#define BOOT_FIXED_NAMES                                                                           \
	{                                                                                          \
		[BOOT_FIXED_CONSOLE] = "console", [BOOT_FIXED_STORE] = "xenstore",                 \
		[BOOT_FIXED_UART] = "UART", [BOOT_FIXED_RTC] = "RTC", [BOOT_FIXED_GICD] = "GIC",   \
		[BOOT_FIXED_GICD_ROUTES] = "GIC", [BOOT_FIXED_GIC_CPU] = "GIC",                    \
		[BOOT_FIXED_GIC_SGI] = "GIC",                                                      \
		[BOOT_FIXED_TREE... BOOT_FIXED_TREE_LAST] = "device tree",                         \
		[BOOT_FIXED_FAULT_STACK] = "page faults",                                          \
		[BOOT_FIXED_NESTED_STACK] = "nested faults",                                       \
	}
#define BOOT_FIXED_IS_STACK(i) ((i) == BOOT_FIXED_FAULT_STACK || (i) == BOOT_FIXED_NESTED_STACK)

/* Something random that the CPU has, or the device tree at `tree` brings, or the time; before relocation. plat/common. */
uint64_t boot_seed(uk_paddr_t tree);
#endif
#endif
