/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For a page fault's first look, on a stack of its own: can what comes next be on the interrupted one?
 */
#ifndef ARCH_ROOM_H
#define ARCH_ROOM_H

#include <uk/essentials.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>

#define FRAME_ROOM                                                                                 \
	1024UL /* below the stack pointer: for the frame and until classify() has read the address */

/* Makes sure that a frame can be pushed on the interrupted stack. */
static bool has_room(uintptr_t sp)
{
	uintptr_t va = UK_ALIGN_DOWN(sp - FRAME_ROOM, UK_PAGE_SIZE);
	uk_paddr_t pa;
	unsigned prot;

	for (; va < sp; va += UK_PAGE_SIZE)
		if ((uk_plat_lookup(va, &pa, &prot) || !(prot & UK_PROT_WRITE)) &&
		    uk_page_fault_hook(va, UK_TRAP_WRITE, 0))
			return false;
	return true;
}

#endif
