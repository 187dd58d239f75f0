/* SPDX-License-Identifier: BSD-3-Clause */
#include <uk/arch/trap.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>

#include "../ipi.h"

void uk_plat_ipi_later(uint32_t cpu)
{
	if (!uk_irq_disabled()) {
		uk_plat_ipi(cpu);
		return;
	}
	plat_ipi_withhold(cpu);
	x86_irq_later();
}

void x86_irq_withheld(void)
{
	plat_ipi_withheld();
}
