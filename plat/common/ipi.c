/* SPDX-License-Identifier: BSD-3-Clause */
#include <uk/bits.h>
#include <uk/cpuset.h>
#include <uk/plat/cpu.h>

#include "ipi.h"

static struct {
	struct uk_cpuset to;
} UK_CPU_ALIGNED later[UK_CPUS];

void plat_ipi_withhold(uint32_t cpu)
{
	uk_cpuset_add(&later[uk_cpu()].to, cpu);
}

void plat_ipi_withheld(void)
{
	struct uk_cpuset *to = &later[uk_cpu()].to;

	for (unsigned i = 0; i < UK_CPUSET_WORDS; i++) {
		while (to->bits[i]) {
			uint32_t cpu = i * 64 + (uint32_t)uk_ctz(to->bits[i]);

			uk_cpuset_remove(to, cpu);
			uk_plat_ipi(cpu);
		}
	}
}
