/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the firmware does for several CPUs: it starts them, and sends the interrupts between them (SBI 1.0 §9, hart state
 * management; §7).
 */
#include <uk/arch/cpu.h>
#include <uk/errno.h>
#include <uk/plat/cpu.h>

#include "image.h"
#include "kvm.h"
#include "start.h"
#include "treesmp.h"

bool plat_cpus_prepare(void)
{
	kvm_irqchip_init(); /* here, since this CPU's context of it is used; or it says why not */
	return true;
}

int plat_cpu_on(uint32_t cpu, const struct cpustart *g)
{
	kvm_timer_cpu_init(cpu);
	return sbi_call3(SBI_EXT_HSM, SBI_HSM_START, plat_cpu_ids[cpu], image_paddr(boot_cpu_start),
			 image_paddr(g))
			       .error
		       ? -ENODEV
		       : 0;
}

void plat_cpu_init(uint32_t cpu UK_UNUSED)
{
#ifdef CONFIG_PLAT_KVM_AIA
	kvm_aia_cpu_init();
#endif
	boot_fpu();
}

/* What was written for it is to be seen there. */
void uk_plat_ipi(uint32_t cpu)
{
	__asm__ volatile("fence w, rw" ::: "memory");
	sbi_call(SBI_EXT_IPI, 0, 1, plat_cpu_ids[cpu]);
}

/* There is no way to say so. */
void uk_plat_cpu_yield(void)
{
}
