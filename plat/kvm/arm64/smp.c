/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several CPUs: nobody but the firmware has to know of them.
 */
#include <uk/plat/cpu.h>

#include "cpus.h"
#include "treesmp.h"

bool plat_cpus_prepare(void)
{
	return arm_cpus_prepare();
}

int plat_cpu_on(uint32_t cpu, const struct cpustart *g)
{
	return arm_cpu_on(cpu, g);
}

/* There is no way to say so. */
void uk_plat_cpu_yield(void)
{
}
