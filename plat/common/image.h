/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image in memory: where its parts are, and the pages of address space behind it, of which the
 * platform says in platform.h what they are for (enum boot_fixed).
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "platform.h"

/* From the linker script. */
#pragma GCC visibility push(hidden)
extern char uk_image_start[], uk_image_end[];
extern char image_rodata[], image_relro[], image_data[];

/* entry.S */
extern char boot_spare_pages[], boot_stack[];

/* Virtual - physical address of the image. */
extern uintptr_t image_offset;
#pragma GCC visibility pop

static inline uk_paddr_t image_paddr(const void *p)
{
	return (uintptr_t)p - image_offset;
}

/* An unmapped one on either side; STACK_SHIFT. */
#define BOOT_FIXED_PAGES ((unsigned)BOOT_FIXED_N + 3)

static inline uintptr_t boot_fixed(enum boot_fixed which)
{
	return UK_ALIGN_UP((uintptr_t)uk_image_end, UK_PAGE_SIZE) +
	       (2 + (uintptr_t)which) * UK_PAGE_SIZE;
}

/* The registers at `pa`, a multiple of a page; NULL if there is no page table for them. */
volatile void *boot_map_device(enum boot_fixed which, uk_paddr_t pa);

/* The platform's, with CONFIG_PLAT_BUSES: where the registers of devices are mapped, all with the same protection; *end: the end. */
uintptr_t boot_devices(uintptr_t *end);

#endif
