/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arm64 does for several CPUs: the firmware starts them (PSCI, DEN0022 §5.6); interrupts between them are the interrupt
 * controller's.
 */
#include <uk/arch/cpu.h>
#include <uk/errno.h>
#include <uk/print.h>

#include "image.h"
#include "kvm.h"
#include "../devtree/kvm_cpustart.h"

/* A CPU's interrupt controller and timer are as this one's. */
bool kvm_cpus_prepare(void)
{
	if (kvm_irqchip_init())
		return false; /* it has said why */
	kvm_timer_init();
	kvm_irqchip_first_cpu();
	return true;
}

/* To memory: a CPU reads it there, which does not use its caches yet. The smallest line there may be has 16 bytes. */
static void clean(const void *p, size_t len)
{
	for (uintptr_t at = (uintptr_t)p & ~15UL; at < (uintptr_t)p + len; at += 16)
		__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

int kvm_cpu_on(uint32_t cpu, const struct cpustart *g)
{
	uint64_t id = kvm_cpu_ids[cpu];
	int err = kvm_irqchip_cpu(cpu, id), hvc = kvm_tree_psci();

	if (err)
		return err;
	if (hvc < 0)
		return -ENOTSUP;
	clean(g, sizeof(*g));
	return arm_firmware_call(hvc, PSCI_CPU_ON, id, image_paddr(kvm_cpu_start), image_paddr(g))
		       ? -ENODEV
		       : 0;
}

void kvm_cpu_init(uint32_t cpu)
{
	arm_write(cntv_ctl_el0, 0);
	kvm_irqchip_cpu_init(cpu);
}
