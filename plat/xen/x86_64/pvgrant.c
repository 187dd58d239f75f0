/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grant table of a PV domain, which maps Xen's own frames of it.
 */
#include <uk/errno.h>
#include <uk/print.h>

#include "pvpaging.h"
#include "xen.h"

#include <xen/grant_table.h>

static long gnttab(unsigned op, void *arg)
{
	return uk_xen_call(__HYPERVISOR_grant_table_op, op, (uintptr_t)arg, 1, 0);
}

/* The first n frames of the table, which grows to that, or of status, which grows with it. */
static bool list(bool of_status, xen_pfn_t *frames, unsigned n)
{
	struct gnttab_setup_table t = { .dom = DOMID_SELF, .nr_frames = n };
	struct gnttab_get_status_frames s = { .dom = DOMID_SELF, .nr_frames = n };

	UK_STATIC_ASSERT(sizeof(xen_pfn_t) == sizeof(uint64_t), "both lists are of the same type");
	set_xen_guest_handle(t.frame_list, frames);
	set_xen_guest_handle(s.frame_list, frames);
	if (of_status)
		return !gnttab(GNTTABOP_get_status_frames, &s) && s.status == GNTST_okay;
	return !gnttab(GNTTABOP_setup_table, &t) && t.status == GNTST_okay;
}

int pv_grant_map(bool of_status, unsigned n, uk_vaddr_t va)
{
	xen_pfn_t frames[XEN_GRANT_FRAMES];
	uk_paddr_t frame = xen_frame_alloc();
	int err;

	if (!frame)
		return -ENOMEM;
	if (!list(of_status, frames, n + 1))
		return -ENOSPC;
	/* A frame of ours makes the page table, and Xen's takes its place. */
	err = uk_plat_map(va, frame, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
	if (!err)
		pv_map_machine((void *)va, frames[n] << UK_PAGE_SHIFT);
	return err;
}

/* Page tables of a domain that is saved may mention nothing but its own frames. */
void pv_grant_suspend(uk_vaddr_t va, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pv_set_now(va + i * UK_PAGE_SIZE, 0, UVMF_INVLPG | UVMF_ALL))
			uk_panic("Xen refuses to unmap the grant table");
}

void pv_grant_resume(bool of_status, uk_vaddr_t va, unsigned n)
{
	xen_pfn_t frames[XEN_GRANT_FRAMES];

	if (n && !list(of_status, frames, n))
		uk_panic("Xen gives no %u frames of the grant table%s", n,
			 of_status ? "'s status" : "");
	for (unsigned i = 0; i < n; i++)
		pv_map_machine((void *)(va + i * UK_PAGE_SIZE), frames[i] << UK_PAGE_SHIFT);
}
