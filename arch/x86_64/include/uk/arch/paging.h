/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of x86_64, as boot code sees them; everybody else uses <uk/plat/mem.h>, which
 * arch/x86_64/paging.c implements (weakly: a platform may bring its own).
 */
#ifndef UK_ARCH_PAGING_H
#define UK_ARCH_PAGING_H

#define X86_PTE_P   0x001
#define X86_PTE_W   0x002
#define X86_PTE_PWT 0x008
#define X86_PTE_PCD 0x010
#define X86_PTE_A   0x020
#define X86_PTE_D   0x040
#define X86_PTE_PS  0x080
#define X86_PTE_NX  (1UL << 63)

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * The top-level table, and n frames (at most 64, zeroed, from `first` on) for more tables. All of
 * them are mapped to their physical addresses for now. `nx`: the CPU has the no-execute bit.
 */
void x86_pt_init(uint64_t *root, uk_paddr_t first, unsigned n, bool nx);

/* From now on root table and frames are seen at their physical address + `offset`. */
void x86_pt_moved(uintptr_t offset);

/*
 * As uk_plat_map_boot(), for a short look, in whole large pages: what surrounds the range is readable as
 * well, but one table less is needed, and early there is hardly a frame to take it from. Unmapping takes
 * other ranges in the same large page along. Not for what stays: the addresses are known to everybody,
 * and what surrounds the range may be the heap.
 */
void *x86_boot_map(uk_paddr_t pa, size_t len);
void x86_boot_unmap(const void *va, size_t len);

/* A zeroed frame, in the direct map, of the source that page tables have; 0: none left. */
uk_paddr_t x86_frame_alloc(void);

#ifdef CONFIG_SMP
/*
 * This CPU idles from now on, or no longer: in between it touches nothing but the kernel's own memory, and
 * is not woken up to forget mappings of other memory. Interrupts masked.
 */
void x86_tlb_idle(bool idle);
#endif

UK_API_END
#endif
#endif
