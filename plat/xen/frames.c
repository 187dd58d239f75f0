/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that goes back to Xen and comes again. A PV domain's page tables may not mention what is not its own, and the list of its
 * machine frames, which the toolstack reads as well, says which it has; of others both are Xen's affair.
 */
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/xen/frames.h>

#include "xen.h"

#include <xen/memory.h>

#define NONE (~0UL) /* of a list of machine frames */

static unsigned reservation(unsigned op, xen_pfn_t *list, unsigned n)
{
	struct xen_memory_reservation r = { .nr_extents = n, .domid = DOMID_SELF };
	long done;

	set_xen_guest_handle(r.extent_start, list);
	done = xen_call2(__HYPERVISOR_memory_op, op, &r);
	return done < 0 ? 0 : UK_MIN((unsigned)done, n);
}

unsigned uk_xen_frames_give(const uk_paddr_t *frames, unsigned n)
{
	xen_pfn_t list[UK_XEN_FRAMES_MAX];
	unsigned done;

	n = UK_MIN(n, UK_XEN_FRAMES_MAX);
	for (unsigned i = 0; i < n; i++) {
		memset(uk_plat_phys_to_virt(frames[i]), 0, UK_PAGE_SIZE);
		list[i] = xen_number(frames[i]);
		if (uk_xen_pv)
			pv_direct_unmap(frames[i]);
	}
	done = reservation(XENMEM_decrease_reservation, list, n);
	for (unsigned i = 0; i < n && uk_xen_pv; i++)
		if (i < done)
			pv_set_mfn(frames[i], NONE);
		else
			pv_direct_remap(frames[i]);
	return done;
}

unsigned uk_xen_frames_get(const uk_paddr_t *frames, unsigned n)
{
	xen_pfn_t list[UK_XEN_FRAMES_MAX];
	unsigned done;

	n = UK_MIN(n, UK_XEN_FRAMES_MAX);
	for (unsigned i = 0; i < n; i++)
		list[i] = frames[i] >> UK_PAGE_SHIFT;
	done = reservation(XENMEM_populate_physmap, list, n);
	for (unsigned i = 0; i < done && uk_xen_pv;
	     i++) { /* the list has become one of machine frames */
		pv_set_mfn(frames[i], list[i]);
		pv_direct_remap(frames[i]);
	}
	return done;
}

uint64_t uk_xen_frames_all(void)
{
	return uk_xen_pv ? pv_npages() : 0;
}
