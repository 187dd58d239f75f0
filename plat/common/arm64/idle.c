/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an interrupt. `wfi` also wakes up for one that is masked (DDI 0487 §D1.6.2), so none is lost
 * between the look and the wait.
 */
#include <uk/arch/cpu.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

void uk_plat_idle(void)
{
	arm_irq_close();
	if (uk_percpu()->irq_pending)
		return; /* noted already: closed until the replay */
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
	arm_irq_open(); /* entry code notes it now */
}
