/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own an x86 CPU share on the way from the first instruction to uk_boot():
 * constants of entry code, and boot protocols.
 */
#ifndef X86_BOOT_H
#define X86_BOOT_H

#include <uk/config.h>

#include "platform.h"

#define IMAGE_PADDR     0x100000 /* as in image.lds */
#define BOOT_STACK_SIZE (BOOT_STACK_KIB * 1024)

/*
 * The boot stack, last in the image, is mapped a page higher than the rest: a guard page below it.
 */
#ifdef CONFIG_HARDEN_GUARD
#define STACK_SHIFT 0x1000
#else
#define STACK_SHIFT 0
#endif

#define SEL_CODE32 0x18

#define TOO_SMALL_DIGITS 7 /* as in image.lds */

/* What tells the protocols apart: the loader's magic where it passes one. */
#define BOOT_MAGIC_MULTIBOOT1 0x2badb002
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289
#define BOOT_MAGIC_LINUX64    0x36346c78 /* ours, set by entry.S */

#ifndef __ASSEMBLER__
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>

struct uk_bootinfo;

/* Is what lies at physical address `info` a PVH start info? */
bool boot_is_pvh(uint32_t info);

/* Fill in what the loader said, which lies at `info`; ends the boot if it is corrupt. */
void boot_pvh(struct uk_bootinfo *bi, uint32_t info);
void boot_multiboot1(struct uk_bootinfo *bi, uint32_t info);
void boot_multiboot2(struct uk_bootinfo *bi, uint32_t info);
void boot_linux64(struct uk_bootinfo *bi, uint32_t info);

/* ---- bootinfo.c: what they do it with ---- */

/*
 * [pa, pa + len) of what the loader left, mapped for reading until boot information is complete;
 * `what` names it in the message that ends the boot if that cannot be.
 */
const void *boot_map(uint64_t pa, uint64_t len, const char *what);

/* Keep a copy of the command line, `pa` being 0 for none. */
void boot_cmdline(struct uk_bootinfo *bi, uint64_t pa);

void boot_initrd(struct uk_bootinfo *bi, uint64_t pa, uint64_t len);

/* An entry of the memory map, by its type in the BIOS's numbering (ACPI 6.4 §15). */
void boot_memory(struct uk_bootinfo *bi, uint64_t start, uint64_t len, uint32_t type);

/* After the last of them. */
void boot_memory_done(struct uk_bootinfo *bi);

#endif
#endif
