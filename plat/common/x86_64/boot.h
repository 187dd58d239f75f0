/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own an x86 CPU share on the way from the first instruction to uk_boot():
 * constants of entry code, and boot protocols.
 */
#ifndef X86_BOOT_H
#define X86_BOOT_H

#include "boot_any.h"

#define IMAGE_PADDR 0x100000 /* as in image.lds */

#define SEL_CODE32 0x18

#define TOO_SMALL_DIGITS 7 /* as in image.lds */

/* What tells the protocols apart: the loader's magic where it passes one. */
#define BOOT_MAGIC_MULTIBOOT1 0x2badb002
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289
#define BOOT_MAGIC_LINUX64    0x36346c78 /* ours, set by entry.S */

/* Entry types of BIOS memory maps, as boot_memory() has them. */
#define E820_RAM  1
#define E820_ACPI 3

/* Beyond it no memory is used; PC firmware reports address ranges far above all as reserved. */
#define PADDR_LIMIT (1ULL << 46)
/*
 * What a loader tells lies below: the least that a 64-bit CPU addresses. A page table entry for more
 * than this CPU has would fault for its reserved bits.
 */
#define INFO_LIMIT (1ULL << 36)

#define BOOT_FIXED_IS_STACK(i) ((i) == BOOT_FIXED_DF_STACK || (i) == BOOT_FIXED_NMI_STACK)

#ifndef __ASSEMBLER__
/* Is what lies at physical address `info` a PVH start info? */
bool boot_is_pvh(uint32_t info);

/* Fill in what the loader said, which lies at `info`; ends the boot if it is corrupt. */
void boot_pvh(struct uk_bootinfo *bi, uint32_t info);
void boot_multiboot1(struct uk_bootinfo *bi, uint32_t info);
void boot_multiboot2(struct uk_bootinfo *bi, uint32_t info);
void boot_linux64(struct uk_bootinfo *bi, uint32_t info);

#endif
#endif
