/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What plat/common/x86_64 wants to know of this platform.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <uk/config.h>

#define BOOT_STACK_KIB CONFIG_PLAT_XEN_STACK

#define BOOT_MAGIC_XEN_PV 0x56506e58 /* ours, set by pventry.S */

#define BOOT_PLAIN_CHANNEL /* port 0xe9 is Xen's log of what guests say */

#define BOOT_PT(name) xen_pt_##name

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct uk_bootinfo;

void xen_pt_init(uint64_t *root, uint64_t first, unsigned n, _Bool nx);
void xen_pt_moved(uintptr_t offset);

#define BOOT_MAP   xen_boot_map
#define BOOT_UNMAP xen_boot_unmap
const void *xen_boot_map(uint64_t pa, size_t len);
void xen_boot_unmap(const void *va, size_t len);

/* The memory map of a control domain is asked of Xen. False: start info has one. */
#define BOOT_PVH_MEMORY xen_pvh_memory
_Bool xen_pvh_memory(struct uk_bootinfo *bi);

/* Takes a different time each time. */
#define boot_jitter xen_jitter
void xen_jitter(void);

enum boot_fixed {
	BOOT_FIXED_CONSOLE,
	BOOT_FIXED_STORE,
	BOOT_FIXED_DF_GUARD, /* never mapped */
	BOOT_FIXED_DF_STACK,
	BOOT_FIXED_NMI_GUARD,
	BOOT_FIXED_NMI_STACK,
	BOOT_FIXED_MC_GUARD,
	BOOT_FIXED_MC_STACK,
	BOOT_FIXED_N
};

/* As enum boot_fixed, for listings. */
#define BOOT_FIXED_NAMES                                                                           \
	{                                                                                          \
		[BOOT_FIXED_CONSOLE] = "console", [BOOT_FIXED_STORE] = "xenstore",                 \
		[BOOT_FIXED_DF_STACK] = "double faults", [BOOT_FIXED_NMI_STACK] = "NMIs",          \
	}
#endif
#endif
