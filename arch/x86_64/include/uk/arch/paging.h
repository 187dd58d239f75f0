/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of x86_64, as boot code sees them; everybody else uses <uk/plat/mem.h>, which
 * arch/x86_64/paging.c implements (weakly: a platform may bring its own).
 *
 * The tables are reached through themselves: one entry of the top-level table points to that table,
 * so that the entry that maps an address lies at an address computed from it, at any level
 * (the "recursive slot"). No table needs a mapping of its own, and boot can edit tables
 * before there is a direct map. The slot is chosen at random in the upper half, per boot.
 *
 * A table's number of used entries is kept in ignored bits of the entry that points to it, so that
 * unmapping knows at once when a table has become empty.
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
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * The top-level table at `root` (physical; currently loaded and mapped at `root_va`) gets `slot`
 * (256..511) as its recursive slot. `nx`: the CPU has the no-execute bit.
 */
void x86_pt_init(uint64_t *root_va, uk_paddr_t root, unsigned slot, bool nx);

/* Frames of the image's own for page tables, at most 64; they must be zeroed. */
void x86_pt_give(uk_paddr_t first, unsigned n);

/* A page of address space for the walker's own use; its page table must exist. */
void x86_pt_window(uk_vaddr_t va);

UK_API_END
#endif
#endif
