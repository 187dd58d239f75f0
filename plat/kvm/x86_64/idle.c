/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an interrupt.
 */
#include <uk/arch/cpu.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

void uk_plat_idle(void)
{
	/* `sti` takes effect after the next instruction: what comes in between wakes the `hlt`. */
	x86_cli();
	if (!uk_percpu()->irq_pending)
		__asm__ volatile("sti; hlt" ::: "memory");
	/* Entry code noted the interrupt and left the hardware masked until the replay. */
}
