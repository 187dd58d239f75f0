/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between pvpaging.c and pvearly.c.
 */
#ifndef PVPAGING_H
#define PVPAGING_H

#include "xen.h"

/* For xen_must(). */
#define A_CHANGE "a change of page tables"

struct pv_tables {
	uint64_t *root;
	uk_paddr_t root_pa;
	uint64_t nx; /* X86_PTE_NX, or 0 where the CPU does not have it */
	bool live;   /* the processor uses our tables; before, they are filled with plain stores */

	uint64_t *p2m; /* machine frame of each of our npages frames */
	uint64_t npages;

	uk_paddr_t pool; /* the image's own frames ... */
	size_t pool_len;
	uintptr_t pool_va; /* ... and where they are seen */

	/* The builder's own things, from the list of frames on; then tables. All are in the direct map from the start. */
	uk_paddr_t builder_start, early_start, early_end;

	uk_paddr_t reserve[80]; /* zeroed frames for tables, mapped nowhere for writing */
	unsigned nreserve;
};
extern struct pv_tables pvt;

/* A frame for the reserve, or, if there is no place for it, for nobody. */
void pv_reserve(uk_paddr_t frame);

/* The entry of a page that has a table, at once; `how`: UVMF_*. Not 0: Xen refuses. */
long pv_set_now(uk_vaddr_t va, uint64_t entry, unsigned how);

/* An operation of mmuext_op, which must succeed; `arg`: an address or a machine frame. */
void pv_mmuext(unsigned cmd, uint64_t arg);

static inline uint64_t pv_machine(uk_paddr_t pa)
{
	return pv_mfn(pa) << UK_PAGE_SHIFT | (pa & UK_PAGE_MASK);
}

#endif
