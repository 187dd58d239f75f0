/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an event.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

#include "xen.h"

#include <xen/sched.h>

void uk_plat_idle(void)
{
	/* Xen opens interrupts and blocks us in one step, as x86_wait() does. A `hlt` with interrupts off would be the end. */
	x86_irq_close();
	if (uk_percpu()->irq_pending)
		return;
#ifdef CONFIG_SMP
	if (!uk_xen_pv)
		uk_arch_tlb_idle(true);
#endif
	if (uk_xen_pv)
		xen_call2(__HYPERVISOR_sched_op, SCHEDOP_block, NULL);
	else
		x86_wait();
#ifdef CONFIG_SMP
	if (!uk_xen_pv)
		uk_arch_tlb_idle(false);
#endif
	/* Entry code noted the event and left the mask closed until the replay. */
}
