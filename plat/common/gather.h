/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What boot protocols do with what a loader said: bootinfo.c.
 */
#ifndef BOOT_GATHER_H
#define BOOT_GATHER_H

#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

/* Of the four pages that the boot needs the last becomes the command line. */
#define BOOT_CMDLINE      (boot_spare_pages + 3 * UK_PAGE_SIZE)
#define BOOT_CMDLINE_SIZE UK_PAGE_SIZE

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
