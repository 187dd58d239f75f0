/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an interrupt.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

void uk_plat_idle(void)
{
	x86_cli();
	if (!uk_percpu()->irq_pending) {
#ifdef CONFIG_SMP
		uk_arch_tlb_idle(true);
#endif
		x86_wait();
#ifdef CONFIG_SMP
		uk_arch_tlb_idle(false);
#endif
	}
	/* Entry code noted the interrupt and left the hardware masked until the replay. */
}
