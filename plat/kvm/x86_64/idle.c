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
	/* `sti` takes effect after the next instruction: what comes in between wakes the `hlt`. */
	x86_cli();
	if (!uk_percpu()->irq_pending) {
#ifdef CONFIG_SMP
		x86_tlb_idle(true);
#endif
		__asm__ volatile("sti; hlt" ::: "memory");
#ifdef CONFIG_SMP
		x86_tlb_idle(false);
#endif
	}
	/* Entry code noted the interrupt and left the hardware masked until the replay. */
}
