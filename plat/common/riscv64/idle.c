/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an interrupt. `wfi` also wakes up for one that is closed (RISC-V ISA vol. 2 §3.3.3), so none is lost
 * between the look and the wait.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

void uk_plat_idle(void)
{
	riscv_irq_close();
	if (uk_percpu()->irq_pending)
		return; /* noted already: closed until the replay */
#ifdef CONFIG_SMP
	uk_arch_tlb_idle(true);
#endif
	__asm__ volatile("wfi" ::: "memory");
#ifdef CONFIG_SMP
	uk_arch_tlb_idle(false);
#endif
	riscv_irq_open(); /* entry code notes it now */
}
