/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Periods on CPU time: of the process (ITIMER_PROF, CLOCK_PROCESS_CPUTIME_ID) or of one thread.
 */
#include "internal.h"

static struct uk_cputimer *cpu_of(const struct period *p)
{
	return &UK_CONTAINER_OF(p, struct cpu_period, period)->cpu;
}

static uk_nsec now(const struct period *p)
{
	return uk_cputime(cpu_of(p)->thread);
}

static void start(struct period *p)
{
	uk_cputimer_start(cpu_of(p), p->deadline);
}

const struct period_clock cpu_period_clock = { now, start };

void cpu_period_expired(struct uk_cputimer *c)
{
	struct period *p = &UK_CONTAINER_OF(c, struct cpu_period, cpu)->period;

	p->timer.fn(&p->timer);
}
