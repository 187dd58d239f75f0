/* SPDX-License-Identifier: BSD-3-Clause */
/* In the place of a CPU's boot.h; CPU_SWAPS_BYTES is the Makefile's. */
#ifndef BOOT_H
#define BOOT_H

#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#define E820_RAM          1
#define E820_RESERVED     2
#define PADDR_LIMIT       (1UL << 48)
#define INFO_LIMIT        (1UL << 63)
#define BOOT_CMDLINE_SIZE 4096UL
#define BOOT_CMDLINE      boot_cmdline_room

extern char boot_cmdline_room[BOOT_CMDLINE_SIZE];
extern uint64_t boot_secret;

void boot_memory(struct uk_bootinfo *bi, uint64_t start, uint64_t len, uint32_t type);
void boot_initrd(struct uk_bootinfo *bi, uint64_t pa, uint64_t len);
void boot_memory_done(struct uk_bootinfo *bi);

#endif
