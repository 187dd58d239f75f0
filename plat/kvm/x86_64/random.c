/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's generation, from ACPI.
 */
#include <uk/plat/mem.h>
#include <uk/plat/random.h>

#include "kvm.h"

const void *uk_plat_generation(void)
{
	uint64_t pa = acpi_generation();
	uintptr_t page = boot_fixed(BOOT_FIXED_GENERATION);

	if (!pa || (pa & UK_PAGE_MASK) > UK_PAGE_SIZE - UK_PLAT_GENERATION ||
	    uk_plat_map(page, pa & ~UK_PAGE_MASK, UK_PAGE_SIZE, UK_PROT_READ))
		return NULL;
	return (const void *)(page + (pa & UK_PAGE_MASK));
}
