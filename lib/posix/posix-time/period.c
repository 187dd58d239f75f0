/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A timer that may repeat. Expiries lie on a grid from the first deadline on, so that late
 * interrupts do not add up; those that were missed are counted.
 */
#include "internal.h"

uk_nsec period_now(const struct period *p)
{
	return p->clock ? p->clock->now(p) : uk_clock_monotonic();
}

static void start(struct period *p)
{
	if (p->clock)
		p->clock->start(p);
	else
		uk_timer_start(&p->timer, p->deadline);
}

void period_start(struct period *p, uk_nsec deadline, uk_nsec interval)
{
	p->interval = interval;
	p->deadline = deadline;
#ifdef CONFIG_SMP
	__atomic_store_n(&p->setting, true, __ATOMIC_RELEASE);
#endif
	start(p);
#ifdef CONFIG_SMP
	__atomic_store_n(&p->setting, false, __ATOMIC_RELEASE);
#endif
}

uint64_t period_count(struct period *p)
{
	uk_nsec now = period_now(p);
	uint64_t n = 1;

	if (now > p->deadline)
		n += (now - p->deadline) / p->interval;
	p->deadline += n * p->interval;
	return n;
}

uint64_t period_advance(struct period *p)
{
	uint64_t n;

	if (!p->interval) {
		p->deadline = UK_NSEC_MAX;
		return 1;
	}
	n = period_count(p);
	start(p);
	return n;
}

uk_nsec period_left(const struct period *p)
{
	uk_nsec now;

	if (p->deadline == UK_NSEC_MAX)
		return 0;
	now = period_now(p);
	return p->deadline > now ? p->deadline - now : 1;
}
