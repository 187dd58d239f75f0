/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies where in the image's slot of the address space, for listings; early.c mapped it.
 */
#include <uk/config.h>
#include <uk/plat/mem.h>

#include "boot.h"
#include "image.h"

static const char fixed_names[BOOT_FIXED_N][16] = BOOT_FIXED_NAMES;

bool uk_plat_stack(uk_vaddr_t *low, uk_vaddr_t *high)
{
	*low = (uintptr_t)boot_stack + STACK_SHIFT;
	*high = (uintptr_t)uk_image_end + STACK_SHIFT;
	return false;
}

bool uk_plat_mapping(unsigned i, struct uk_plat_mapping *m)
{
	const uintptr_t at[] = {
		(uintptr_t)uk_image_start,
		(uintptr_t)image_rodata,
		(uintptr_t)image_data,
		(uintptr_t)boot_stack,
		(uintptr_t)boot_stack + STACK_SHIFT,
		UK_ALIGN_UP((uintptr_t)uk_image_end, UK_PAGE_SIZE) + STACK_SHIFT,
	};
	static const char names[][12] = { "image", "image", "image", "guard", "boot stack" };
	const unsigned parts = UK_ARRAY_SIZE(names);
	uk_paddr_t pa;

#ifdef CONFIG_PLAT_BUSES
	if (i == parts + BOOT_FIXED_N) {
		*m = (struct uk_plat_mapping){ .name = "devices" };
		m->start = boot_devices(&m->end);
		return !uk_plat_lookup(m->start, &pa, &m->prot);
	}
#endif
	if (i >= parts + BOOT_FIXED_N)
		return false;
	*m = (struct uk_plat_mapping){ .start = i < parts ? at[i] : boot_fixed(i - parts) };
	m->end = i < parts ? at[i + 1] : m->start + UK_PAGE_SIZE;
	m->stack = i == 4 || BOOT_FIXED_IS_STACK(i - parts);
	m->name = i < parts ? names[i] : fixed_names[i - parts];
	if (uk_plat_lookup(m->start, &pa, &m->prot)) /* the guard, or a device that is not there */
		m->end = m->start;
	return true;
}
