/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first page tables of a PV domain: filled while they are ordinary memory, at the image's physical address, by the
 * mapping functions of pvpaging.c, then made read-only and handed to Xen.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/pte.h>
#include <uk/print.h>
#include <uk/string.h>

#include "pvpaging.h"

#define LARGE (512 * UK_PAGE_SIZE)

#ifdef CONFIG_HARDEN_NX
#define NX true
#else
#define NX false
#endif

/* Tables for the direct map of what the builder left: these and one per 2 MiB. */
#define EARLY_MORE 8UL

static uk_paddr_t builder_root UK_RO_AFTER_INIT_ZERO;

void pv_pt_start(const struct start_info *si)
{
	pvt.p2m = (uint64_t *)si->mfn_list;
	pvt.npages = si->nr_pages;
	pvt.builder_start = UK_ALIGN_DOWN(si->mfn_list, UK_PAGE_SIZE);
	builder_root = si->pt_base;
	/* The stack is a page behind the tables. */
	pvt.early_start = si->pt_base + (si->nr_pt_frames + 1) * UK_PAGE_SIZE;
}

void pv_pt_init(uint64_t *root_table, uk_paddr_t first, unsigned n, bool has_nx)
{
	size_t more;

	pvt.root = root_table;
	pvt.root_pa = (uintptr_t)root_table;
	/* Xen has it on for all, as entry.S has not without that option. */
	pvt.nx = has_nx && NX ? X86_PTE_NX : 0;
	pvt.pool = pvt.pool_va = first;
	pvt.pool_len = n * UK_PAGE_SIZE;
	while (n--)
		pv_reserve(first + n * UK_PAGE_SIZE);
	more = EARLY_MORE + (pvt.early_start - pvt.builder_start) / LARGE;
	pvt.early_end = pvt.early_start + more * UK_PAGE_SIZE;
	memset(pvt.root, 0, UK_PAGE_SIZE);
	memset((void *)pvt.early_start, 0, pvt.early_end - pvt.early_start);
}

/* These are going to be page tables: they may be written to nowhere. */
static void close_frames(uk_paddr_t frame, uk_paddr_t end)
{
	for (; frame < end; frame += UK_PAGE_SIZE)
		xen_must(pv_set_now(frame, pv_machine(frame) | X86_PTE_P | X86_PTE_A, UVMF_INVLPG),
			 A_CHANGE);
}

static void change_over(void)
{
	uint64_t root = pv_mfn(pvt.root_pa);

	close_frames(pvt.root_pa, pvt.root_pa + UK_PAGE_SIZE);
	close_frames(pvt.pool, pvt.pool + pvt.pool_len);
	close_frames(pvt.early_start, pvt.early_end);
	pv_mmuext(MMUEXT_PIN_L4_TABLE, root);
	pv_mmuext(MMUEXT_NEW_BASEPTR, root);
	pv_mmuext(MMUEXT_UNPIN_TABLE, pv_mfn(builder_root));
}

/*
 * All mappings of the image are made. Then the direct map of what the builder left, with tables of its own; where we
 * are now stays for a while, with the builder's tables (their entry in the root).
 */
void pv_pt_moved(uintptr_t offset)
{
	uk_paddr_t at = pvt.builder_start;

	for (uk_paddr_t frame = pvt.early_start; frame < pvt.early_end; frame += UK_PAGE_SIZE)
		pv_reserve(frame);
	/* The builder's tables are tables until we are gone from them. */
	if (pv_map(uk_plat_direct_base + at, at, builder_root - at, UK_PROT_READ | UK_PROT_WRITE) ||
	    pv_map(uk_plat_direct_base + builder_root, builder_root, pvt.early_end - builder_root,
		   UK_PROT_READ))
		uk_fatal("the memory is too large for the first page tables");
	pvt.root[0] = *(const uint64_t *)builder_root;
	change_over();
	pvt.root = (uint64_t *)((uintptr_t)pvt.root + offset);
	pvt.pool_va += offset;
	pvt.p2m = uk_plat_phys_to_virt((uintptr_t)pvt.p2m);
	pvt.live = true;
}
