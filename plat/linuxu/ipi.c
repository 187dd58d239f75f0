/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From CPU to CPU at run time; how they start is in smp.c.
 */
#include <uk/plat/cpu.h>
#include <uk/smp.h>

#include "linuxu.h"

void uk_plat_ipi(uint32_t cpu)
{
	host_tgkill(linuxu_pid, linuxu_tid[cpu], HOST_SIGURG);
}

void uk_plat_cpu_yield(void)
{
	host_sched_yield();
}

UK_NORETURN void uk_plat_cpu_stop(void)
{
	uint64_t all = ~0UL;

	for (;;)
		host_ppoll(NULL, 0, NULL, &all);
}
