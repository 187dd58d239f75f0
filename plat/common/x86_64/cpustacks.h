/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What another CPU needs of its own before it starts, for the platform's smp.c: memory for descriptor tables, and stacks
 * for traps (x86_trap_init_cpu()).
 */
#ifndef X86_CPUSTACKS_H
#define X86_CPUSTACKS_H

#include <uk/arch/paging.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>

/* Stacks of all CPUs for traps, at a random place: as random as the direct map's. */
#define VA_TRAP_STACKS (UK_VA_IMAGE + (6UL << 40))
#define STACKS_LEN     (X86_CPU_STACKS * X86_CPU_STACK)

/* Maps what a CPU needs of its own. Its memory stays its own if it does not start. */
static inline int boot_cpu_stacks(uint32_t cpu, void **tables, uintptr_t *stacks)
{
	static uint32_t made; /* up to here */
	static void *its_tables;
	uk_paddr_t frame;

	*stacks = VA_TRAP_STACKS + (uk_plat_direct_base & ((1UL << 39) - 1)) + cpu * STACKS_LEN;
	*tables = its_tables;
	if (made == cpu)
		return 0;
	frame = x86_frame_alloc();
	if (!frame)
		return -ENOMEM;
	*tables = its_tables = uk_plat_phys_to_virt(frame);
	for (unsigned i = 0; i < X86_CPU_STACKS; i++) {
		uintptr_t top = *stacks + (i + 1) * X86_CPU_STACK;

		for (uintptr_t va = top - X86_CPU_STACK_USED; x86_trap_uses_stack(i) && va < top;
		     va += UK_PAGE_SIZE) {
			frame = x86_frame_alloc();
			if (!frame || uk_plat_map_page(va, frame, UK_PROT_READ | UK_PROT_WRITE))
				return -ENOMEM;
		}
	}
	made = cpu;
	return 0;
}

#endif
