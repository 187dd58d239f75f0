/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables as boot code sees them; everybody else uses <uk/plat/mem.h>, which arch/common/paging.c implements
 * (weakly: a platform may bring its own).
 */
#ifndef UK_ARCH_PAGING_H
#define UK_ARCH_PAGING_H

#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/mem.h>

UK_API_BEGIN

/*
 * The top-level table, and n frames (at most 64, zeroed, from `first` on) for more tables. All of
 * them are seen at their physical addresses until uk_arch_pt_moved(). `nx`: the CPU tells execution from reading.
 */
void uk_arch_pt_init(uint64_t *root, uk_paddr_t first, unsigned n, bool nx);

/* From now on root table and frames are seen at their physical address + `offset`. */
void uk_arch_pt_moved(uintptr_t offset);

/*
 * As uk_plat_map_boot(), for a short look, in whole large pages: what surrounds the range is readable as
 * well, but one table less is needed, and early there is hardly a frame to take it from. Unmapping takes
 * other ranges in the same large page along. Not for what stays: the addresses are known to everybody,
 * and what surrounds the range may be the heap.
 */
void *uk_arch_boot_map(uk_paddr_t pa, size_t len);
void uk_arch_boot_unmap(const void *va, size_t len);

/* A zeroed frame, in the direct map, of the source that page tables have; 0: none left. */
uk_paddr_t uk_arch_frame_alloc(void);

/*
 * The functions of <uk/plat/mem.h> for page tables that are ours to write; uk_plat_map() and so on are other names of
 * them, unless the platform has its own.
 */
void uk_arch_pt_set_frames(const struct uk_plat_frames *frames);
int uk_arch_pt_direct_map(uk_paddr_t pa, size_t len);
int uk_arch_pt_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot);
int uk_arch_pt_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot);
int uk_arch_pt_unmap(uk_vaddr_t va, size_t len);
int uk_arch_pt_protect(uk_vaddr_t va, size_t len, unsigned prot);
int uk_arch_pt_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot);
size_t uk_arch_pt_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa);
int uk_arch_pt_move(uk_vaddr_t from, uk_vaddr_t to, size_t len);
void *uk_arch_pt_map_boot(uk_paddr_t pa, size_t len);
void uk_arch_pt_unmap_boot(const void *va, size_t len);
int uk_arch_pt_space_create(struct uk_plat_space *s);
void uk_arch_pt_space_destroy(struct uk_plat_space *s);
void uk_arch_pt_space_switch(const struct uk_plat_space *s);

#ifdef CONFIG_SMP
/*
 * This CPU idles from now on, or no longer: in between it touches nothing but the kernel's own memory, and
 * is not woken up to forget mappings of other memory. Interrupts masked.
 */
void uk_arch_tlb_idle(bool idle);
#endif

UK_API_END

#endif
