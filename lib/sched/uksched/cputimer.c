/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers on CPU time (uk/cputimer.h). A clock has a list of those that are started, in no order:
 * there are few, and while the clock runs they are sorted among the ordinary timers.
 *
 * Switch and idle tell us through a hook that is set with the first such timer, so that an image
 * which uses none does not link this. The scheduler's lock protects the lists.
 */
#include <uk/cputimer.h>
#include <uk/plat/clock.h>
#include "internal.h"

static struct uk_cputimer *of_all; /* the clock that every thread drives */

static struct uk_cputimer **list_of(const struct uk_cputimer *c UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (c->thread)
		return &c->thread->cputimers;
#endif
	return &of_all;
}

/* Scheduler locked. */
static uk_nsec show(const struct uk_thread *t UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (t)
		return uksched_cputime(t);
#endif
	return uk_plat_clock_monotonic() - uksched_cpu()->idle;
}

/* The clock runs: this is how long it takes, if nothing stops it. */
static void run(struct uk_cputimer *c)
{
	uk_nsec shown = show(c->thread), deadline;

	if (__builtin_add_overflow(uk_plat_clock_monotonic(),
				   c->expiry > shown ? c->expiry - shown : 0, &deadline))
		deadline = UK_NSEC_MAX;
	uk_timer_start(&c->timer, deadline);
}

static void run_list(struct uk_cputimer *c)
{
	for (; c; c = c->next)
		run(c);
}

static void stop_list(struct uk_cputimer *c)
{
	for (; c; c = c->next)
		uk_timer_stop(&c->timer);
}

/* The hook: a switch; or idling begins (`to` is NULL) or ends (`from` is NULL). */
static void clocks_change(struct uk_thread *from, struct uk_thread *to)
{
	if (!to)
		stop_list(of_all);
	else if (!from)
		run_list(of_all);
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (from)
		stop_list(from->cputimers);
	if (to)
		run_list(to->cputimers);
#endif
}

/* Out of its list, if it is in one. If not, its thread may be gone. */
static void stop(struct uk_cputimer *c)
{
	struct uk_cputimer **p;

	if (!c->started)
		return;
	for (p = list_of(c); *p != c; p = &(*p)->next)
		;
	*p = c->next;
	c->started = false;
	uk_timer_stop(&c->timer);
}

static void expired(struct uk_timer *t)
{
	struct uk_cputimer *c = UK_CONTAINER_OF(t, struct uk_cputimer, timer);
	struct uk_sched *s = uksched_cpu()->sched;
	bool irq = uk_spin_lock_irq(&s->lock);

	stop(c);
	uk_spin_unlock_irq(&s->lock, irq);
	c->fn(c);
}

uk_nsec uk_cputime(struct uk_thread *thread)
{
	struct uk_sched *s = uksched_cpu()->sched;
	bool irq = uk_spin_lock_irq(&s->lock);
	uk_nsec shown = show(thread);

	uk_spin_unlock_irq(&s->lock, irq);
	return shown;
}

void uk_cputimer_start(struct uk_cputimer *c, uk_nsec expiry)
{
	struct uk_sched *s = uksched_cpu()->sched;
	bool irq = uk_spin_lock_irq(&s->lock);

	uksched_cpu()->clocks_change = clocks_change;
	stop(c);
	c->expiry = expiry;
	if (expiry != UK_NSEC_MAX) {
		c->timer.fn = expired;
		c->started = true;
		c->next = *list_of(c);
		*list_of(c) = c;
		if (!c->thread || c->thread == uk_thread_current())
			run(c);
	}
	uk_spin_unlock_irq(&s->lock, irq);
}
