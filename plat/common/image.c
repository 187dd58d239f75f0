/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image at its final address: what is mapped behind it, and what becomes read-only.
 */
#include <uk/plat/trap.h>
#include <uk/print.h>

#include "boot.h"
#include "image.h"

volatile void *boot_map_device(enum boot_fixed which, uk_paddr_t pa)
{
	uintptr_t va = boot_fixed(which);

	return uk_plat_map(va, pa, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE | UK_PROT_DEVICE)
		       ? NULL
		       : (volatile void *)va;
}

bool uk_stack_is_guard(uk_vaddr_t va) UK_OPTIONAL;

/*
 * The first page of the boot stack as the image has it; see STACK_SHIFT. ukvmem knows the other
 * stacks.
 */
bool uk_trap_is_guard(uk_vaddr_t va)
{
	uintptr_t guard = (uintptr_t)boot_stack;

	return (va >= guard && va < guard + STACK_SHIFT) ||
	       (uk_stack_is_guard && uk_stack_is_guard(va));
}

/* Closes what early.c has left open. */
UK_COLD void uk_plat_seal(void)
{
	if (uk_plat_protect((uintptr_t)image_relro, (size_t)(image_data - image_relro),
			    UK_PROT_READ))
		uk_fatal("no page table to close the tables with");
}
