/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From CPU to CPU at run time; how they start is in smp.c.
 */
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/percpu.h>
#include <uk/plat/cpu.h>
#include <uk/smp.h>

#include "linuxu.h"
#include "regs.h"

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
	struct uk_regs regs;

	if (uk_percpu()->irq_regs)
		linuxu_regs_from_host(&regs, uk_percpu()->irq_regs);
	else
		x86_regs_here(&regs);
	uk_crash_cpu_regs[uk_cpu()] = &regs;
	for (;;)
		host_ppoll(NULL, 0, NULL, &all);
}
