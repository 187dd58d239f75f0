/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of the Xen hypervisor (public/xen.h), for drivers of platform xen. Numbers and structures are those of Xen's
 * public headers, <xen/...>, from the package xen-headers.
 *
 * A call's result is what Xen says: 0 or more, or a negative errno (Linux's numbers). Pointers are to mapped memory
 * of any kind; Xen copies at once. Any context.
 */
#ifndef UK_XEN_HYPERCALL_H
#define UK_XEN_HYPERCALL_H

#include <uk/api.h>
#include <uk/arch/xencall.h> /* uk_xen_call(nr, a, b, c, d); uk_xen_pv: is this domain a PV one, not a virtual machine? */
#include <uk/essentials.h>

UK_API_BEGIN

/* Is it the control domain? Set before uk_boot(). */
extern bool uk_xen_dom0;

/*
 * The frame of machine address space behind a page that is mapped at va (any of ours), as grants and shared rings want it
 * told: a machine frame under PV, else a guest frame. ~0: nothing is mapped there.
 */
uint64_t uk_xen_frame_of(const void *va);

/*
 * A page that the toolstack gave us for talking to xenstore, mapped, and the event channel that goes with it. NULL: there is none
 * (the control domain).
 */
void *uk_xen_store_ring(uint32_t *port);

UK_API_END

#endif
