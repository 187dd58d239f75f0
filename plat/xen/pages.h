/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages that are not ours alone: the one that Xen writes to, those of console and store, frames of the grant table; and how a virtual
 * machine learns of them (Xen public/hvm/params.h, memory.h): a part of the CPU's setup.c.
 */
#ifndef XEN_PAGES_H
#define XEN_PAGES_H

#include <uk/print.h>

#include "xen.h"

#include <xen/hvm/hvm_op.h>

union xen_shared_page xen_shared_page UK_ALIGNED(UK_PAGE_SIZE);
struct xen_page xen_pages[2];

void xen_must(long err, const char *what)
{
	if (err)
		uk_panic("Xen refuses %s: error %ld", what, -err);
}

void xen_must_call(unsigned nr, uintptr_t a, const void *b, const char *what)
{
	xen_must(xen_call2(nr, a, b), what);
}

static struct xen_hvm_param param; /* one CPU asks at a time */

uint64_t xen_hvm_param(unsigned index)
{
	param.domid = DOMID_SELF;
	param.index = index;
	return xen_call2(__HYPERVISOR_hvm_op, HVMOP_get_param, &param) ? 0 : param.value;
}

/* Sets a parameter of a virtual machine. */
static UK_ALWAYS_INLINE void hvm_set(unsigned index, uint64_t value, const char *what)
{
	param.domid = DOMID_SELF;
	param.index = index;
	param.value = value;
	xen_must_call(__HYPERVISOR_hvm_op, HVMOP_set_param, &param, what);
}

/* Puts the page that is shared with Xen where it belongs. */
static UK_ALWAYS_INLINE void hvm_shared_page(void)
{
	xen_must(xen_add_to_physmap(XENMAPSPACE_shared_info, 0,
				    image_paddr(&xen_shared_page) >> UK_PAGE_SHIFT),
		 "the page that it shares with us");
}

/* Asks for those of console and store. */
static UK_ALWAYS_INLINE void hvm_pages(void)
{
	UK_STATIC_ASSERT(HVM_PARAM_CONSOLE_EVTCHN == HVM_PARAM_CONSOLE_PFN + 1 &&
				 HVM_PARAM_STORE_EVTCHN == HVM_PARAM_STORE_PFN + 1,
			 "a page's port is its next parameter");

	for (unsigned i = 0; i < UK_ARRAY_SIZE(xen_pages); i++) {
		unsigned index =
			i == BOOT_FIXED_STORE ? HVM_PARAM_STORE_PFN : HVM_PARAM_CONSOLE_PFN;

		xen_pages[i].frame = xen_hvm_param(index) << UK_PAGE_SHIFT;
		xen_pages[i].port = (uint32_t)xen_hvm_param(index + 1);
	}
}

/* Maps those. */
static UK_ALWAYS_INLINE void map_pages(void)
{
	const unsigned prot = UK_PROT_READ | UK_PROT_WRITE;

	for (unsigned i = 0; i < UK_ARRAY_SIZE(xen_pages); i++)
		if (xen_pages[i].frame &&
		    uk_plat_map(boot_fixed(i), xen_pages[i].frame, UK_PAGE_SIZE, prot))
			xen_pages[i].frame = 0;
}

void *uk_xen_store_ring(uint32_t *port)
{
	*port = xen_pages[BOOT_FIXED_STORE].port;
	return xen_pages[BOOT_FIXED_STORE].frame ? (void *)boot_fixed(BOOT_FIXED_STORE) : NULL;
}

#endif
