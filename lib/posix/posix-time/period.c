/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A timer that may repeat. Expiries lie on a grid from the first deadline on, so that late
 * interrupts do not add up; those that were missed are counted.
 */
#include "internal.h"

void period_start(struct period *p, uk_nsec deadline, uk_nsec interval)
{
	uk_timer_stop(&p->timer);
	p->interval = interval;
	p->deadline = deadline;
	uk_timer_start(&p->timer, deadline);
}

uint64_t period_advance(struct period *p)
{
	uk_nsec now = uk_clock_monotonic();
	uint64_t n = 1;

	if (!p->interval) {
		p->deadline = UK_NSEC_MAX;
		return n;
	}
	if (now > p->deadline)
		n += (now - p->deadline) / p->interval;
	p->deadline += n * p->interval;
	uk_timer_start(&p->timer, p->deadline);
	return n;
}

uk_nsec period_left(const struct period *p)
{
	uk_nsec now = uk_clock_monotonic(), deadline = p->deadline;

	if (deadline == UK_NSEC_MAX)
		return 0;
	return deadline > now ? deadline - now : 1;
}
