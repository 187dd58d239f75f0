/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arm64 does for several CPUs: the firmware starts them (PSCI, DEN0022 §5.6); interrupts between them are the interrupt
 * controller's.
 */
#include <uk/arch/cpu.h>
#include <uk/errno.h>
#include <uk/print.h>

#include "cpus.h"
#include "image.h"
#include "treesmp.h"

/* A CPU's interrupt controller and timer are as this one's. */
bool arm_cpus_prepare(void)
{
	if (arm_gic_init())
		return false; /* it has said why */
	arm_timer_init();
	arm_gic_first_cpu();
	return true;
}

/* To memory: a CPU reads it there, which does not use its caches yet. The smallest line there may be has 16 bytes. */
static void clean(const void *p, size_t len)
{
	for (uintptr_t at = (uintptr_t)p & ~15UL; at < (uintptr_t)p + len; at += 16)
		__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

#ifdef CONFIG_HARDEN_PAC
uint64_t arm_cpu_key[2];

/* The CPU that starts signs as this one does, for threads move between them. */
static void give_key(void)
{
	if (!arm_has_pauth())
		return;
	arm_cpu_key[0] = arm_read(s3_0_c2_c1_0); /* APIAKeyLo_EL1, APIAKeyHi_EL1 */
	arm_cpu_key[1] = arm_read(s3_0_c2_c1_1);
}

/* It is in memory no longer than needed. */
static void forget_key(void)
{
	arm_cpu_key[0] = arm_cpu_key[1] = 0;
}
#else
#define give_key()
#define forget_key()
#endif

int arm_cpu_on(uint32_t cpu, const struct cpustart *g)
{
	uint64_t id = plat_cpu_ids[cpu];
	int err = arm_gic_cpu(cpu, id), hvc = arm_tree_psci();

	if (err)
		return err;
	if (hvc < 0)
		return -ENOTSUP;
	clean(g, sizeof(*g));
	give_key();
	if (!arm_firmware_call(hvc, PSCI_CPU_ON, id, image_paddr(boot_cpu_start), image_paddr(g)))
		return 0;
	forget_key();
	return -ENODEV;
}

void plat_cpu_init(uint32_t cpu)
{
	forget_key();
	arm_write(cntv_ctl_el0, 0);
	arm_gic_cpu_init(cpu);
}
