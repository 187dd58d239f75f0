/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From CPU to CPU at run time; how they start is in smp.c.
 *
 * A CPU that runs is interrupted by a signal. To wake one that sleeps takes less: it waits on a word, as
 * threads on Linux do, and no handler runs. Three parties change the word, and none is missed
 * (model/sleep.pml):
 *	the sleeper	sets it, then looks for what came before, and sleeps only while it is set
 *	another CPU	leaves its request, then looks; it wakes whom it finds asleep, else sends the signal
 *	a signal	is noted by its handler, which clears the word, as nobody else does for it
 */
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/cpu.h>
#include <uk/smp.h>

#include "ipi.h"
#include "linuxu.h"
#include "regs.h"

static struct {
	uint32_t asleep;
} UK_CPU_ALIGNED cpus[UK_CPUS];

void uk_plat_ipi(uint32_t cpu)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&cpus[cpu].asleep, 0, __ATOMIC_RELAXED))
		host_futex_wake(&cpus[cpu].asleep);
	else
		host_tgkill(linuxu_pid, linuxu_tid[cpu], HOST_SIGURG);
}

/* Opening interrupts finds the note, and comes to uk_plat_irq_replay(). */
void uk_plat_ipi_later(uint32_t cpu)
{
	if (!uk_irq_disabled() || uk_in_irq()) {
		uk_plat_ipi(cpu);
		return;
	}
	plat_ipi_withhold(cpu);
	__atomic_fetch_or(&uk_percpu()->irq_pending, LINUXU_IRQ_LATER, __ATOMIC_RELAXED);
}

void linuxu_cpu_stay(void)
{
	__atomic_store_n(&cpus[uk_cpu()].asleep, 0, __ATOMIC_RELAXED);
}

void linuxu_cpu_sleep(void)
{
	const struct uk_percpu *self = uk_percpu();
	uint32_t *asleep = &cpus[self->cpu].asleep;

	__atomic_store_n(asleep, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uk_smp_poll(0);
	if (!self->irq_pending && !self->resched)
		host_futex_wait(asleep, 1);
	__atomic_store_n(asleep, 0, __ATOMIC_RELAXED);
	uk_smp_poll(0);
}

void uk_plat_cpu_yield(void)
{
	host_sched_yield();
}

UK_NORETURN void uk_plat_cpu_stop(uint32_t *stopped)
{
	uint64_t all = ~0UL;
	struct uk_regs regs;

	if (uk_percpu()->irq_regs)
		linuxu_regs_from_host(&regs, uk_percpu()->irq_regs);
	else
		linuxu_regs_here(&regs);
	uk_crash_cpu_regs[uk_cpu()] = &regs;
	__atomic_add_fetch(stopped, 1, __ATOMIC_RELEASE);
	for (;;)
		host_ppoll(NULL, 0, NULL, &all);
}
