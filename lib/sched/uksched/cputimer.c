/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers on CPU time (uk/cputimer.h). A clock has a list of those that are started, in no order:
 * there are few, and while the clock runs they are sorted among the ordinary timers.
 *
 * Switch and idle tell us through a hook that is set with the first such timer, so that an image
 * which uses none does not link this. One lock protects all lists. It is taken with the scheduler of
 * the timer's thread locked; the ordinary timer's function, which finds that thread by the timer,
 * takes it first, and then only tries the other one.
 *
 * Under these locks nobody may wait for a function that runs on another CPU, since that may want
 * them. So the hook leaves alone what another CPU has armed (it looks at the clock when it expires), and
 * what is in fn(), after which expired() looks again.
 */
#include <uk/arch/relax.h>
#include <uk/cputimer.h>
#include <uk/plat/clock.h>
#include "internal.h"

#define SHORTEST 20000U /* ns to the next look at the clock, if it has not got there */

static struct uk_cputimer *of_all; /* the clock that every thread drives */

static struct uk_cputimer **list_of(const struct uk_cputimer *c UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (c->thread)
		return &c->thread->cputimers;
#endif
	return &of_all;
}

/* ---- clocks ---- */

#ifdef CONFIG_SMP
/* What one CPU was not idle: its word must be the same before and after the clock is read. */
static uk_nsec busy_on(const struct uksched_cpu *cpu)
{
	uint64_t word, again = UK_READ_ONCE(cpu->clock);
	uk_nsec now;

	do {
		word = again;
		now = uk_plat_clock_monotonic();
		again = UK_READ_ONCE(cpu->clock);
	} while (again != word);
	if (word & UKSCHED_CLOCK_STANDS)
		return word & ~UKSCHED_CLOCK_STANDS;
	return now > word ? now - word : 0;
}

static uk_nsec busy(void)
{
	uk_nsec sum = 0;

	for (uint32_t i = 0, n = uk_smp_cpus(); i < n; i++)
		sum += busy_on(&uksched_cpus[i]);
	return sum;
}

static bool anyone_busy(void)
{
	for (uint32_t i = 0, n = uk_smp_cpus(); i < n; i++)
		if (!(UK_READ_ONCE(uksched_cpus[i].clock) & UKSCHED_CLOCK_STANDS))
			return true;
	return false;
}

static inline uint32_t speed(const struct uk_cputimer *c)
{
	return c->thread ? 1 : uk_smp_cpus();
}
#else
static uk_nsec busy(void)
{
	return uk_plat_clock_monotonic() - uksched_cpu()->idle;
}

static bool anyone_busy(void)
{
	return true;
}

static inline uint32_t speed(const struct uk_cputimer *c UK_UNUSED)
{
	return 1;
}
#endif

/* With the scheduler of t locked, if there is a t. */
static uk_nsec show(const struct uk_thread *t UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (t)
		return uksched_cputime(t);
#endif
	return busy();
}

uk_nsec uk_cputime(struct uk_thread *thread)
{
	struct uk_sched *s;
	uk_nsec shown;
	bool irq;

	if (!thread)
		return busy();
	s = uksched_lock_irq(thread, &irq);
	shown = show(thread);
	uk_spin_unlock_irq(&s->lock, irq);
	return shown;
}

/* ---- with the locks ---- */

/* Does the clock of c run? */
static bool runs(const struct uk_cputimer *c)
{
	return c->thread ? c->thread == uk_sched_running(c->thread->sched) : anyone_busy();
}

/* The clock runs: look when it can have got there. */
static void arm(struct uk_cputimer *c)
{
	uk_nsec shown = show(c->thread), left = c->expiry > shown ? c->expiry - shown : 0, deadline;

	if (speed(c) > 1)
		left = UK_MAX(left / speed(c), UK_MIN(left, SHORTEST));
	if (__builtin_add_overflow(uk_plat_clock_monotonic(), left, &deadline))
		deadline = UK_NSEC_MAX - 1;
	c->armed = true;
	uk_timer_start(&c->timer, deadline);
}

static void arm_list(struct uk_cputimer *c)
{
	for (; c; c = c->next)
		if (!c->armed && !c->in_fn)
			arm(c);
}

static bool is_here(const struct uk_cputimer *c UK_UNUSED)
{
#ifdef CONFIG_SMP
	return c->timer.cpu == uk_cpu();
#else
	return true;
#endif
}

static void disarm_list(struct uk_cputimer *c)
{
	for (; c; c = c->next) {
		if (c->armed && is_here(c)) {
			uk_timer_stop(&c->timer);
			c->armed = false;
		}
	}
}

/* The hook. */
static void clocks_change(struct uk_thread *from, struct uk_thread *to)
{
	uk_spin_acquire(&uksched_clocks);
	if (!to) {
		if (UK_CPUS == 1 || !anyone_busy())
			disarm_list(of_all);
	} else if (!from) {
		arm_list(of_all);
	}
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	if (from)
		disarm_list(from->cputimers);
	if (to)
		arm_list(to->cputimers);
#endif
	uk_spin_release(&uksched_clocks);
}

/* Out of its list, in which it is. */
static void take_out(struct uk_cputimer *c)
{
	struct uk_cputimer **p;

	for (p = list_of(c); *p != c; p = &(*p)->next)
		;
	*p = c->next;
	c->started = false;
	c->armed = false;
}

/* ---- expiry ---- */

/*
 * Locks what c needs: `*s`, its thread's scheduler or NULL, and the lists. False, and nothing locked
 * but the lists: it is not started any more, and its thread may be gone. Interrupts are masked.
 */
static bool lock_started(struct uk_cputimer *c, struct uk_sched **s)
{
	*s = NULL;
	for (unsigned turns UK_UNUSED = 0;; turns++) {
		uk_spin_acquire(&uksched_clocks);
		if (!c->started || !c->thread)
			return c->started;
		*s = UK_READ_ONCE(c->thread->sched);
		if (uk_spin_try(&(*s)->lock)) {
			if (*s == UK_READ_ONCE(c->thread->sched))
				return true;
			uk_spin_release(&(*s)->lock);
		}
		*s = NULL;
		uk_spin_release(&uksched_clocks);
#ifdef CONFIG_SMP
		uk_arch_relax();
		uk_spin_hook(turns);
#endif
	}
}

static void unlock(struct uk_sched *s)
{
	uk_spin_release(&uksched_clocks);
	if (s)
		uk_spin_release(&s->lock);
}

/* Has the clock got there? If not, look again later. */
static bool look(struct uk_cputimer *c)
{
	struct uk_sched *s;
	bool due = false;

	if (lock_started(c, &s)) {
		c->armed = false;
		due = !c->in_fn && show(c->thread) >= c->expiry;
		if (due)
			take_out(c);
		else if (runs(c))
			arm(c);
	}
	c->in_fn = due;
	unlock(s);
	return due;
}

/* Interrupt context. */
static void expired(struct uk_timer *t)
{
	struct uk_cputimer *c = UK_CONTAINER_OF(t, struct uk_cputimer, timer);
	bool irq = uk_irq_save();

	if (look(c)) {
		c->fn(c);
		look(c); /* it may have been started again */
	}
	uk_irq_restore(irq);
}

void uk_cputimer_start(struct uk_cputimer *c, uk_nsec expiry)
{
	struct uk_sched *s = NULL;
	bool irq;

	do { /* until its function, which may start it again, does not run any more */
		irq = uk_spin_lock_irq(&uksched_clocks);
		if (c->started)
			take_out(c);
		uk_spin_unlock_irq(&uksched_clocks, irq);
		uk_timer_stop(&c->timer);
	} while (UK_READ_ONCE(c->started));
	if (expiry == UK_NSEC_MAX)
		return;
	irq = uk_irq_save();
	if (c->thread)
		s = uksched_lock(c->thread);
	uk_spin_acquire(&uksched_clocks);
	for (unsigned i = 0; i < UK_CPUS; i++)
		uk_shared_set(uksched_cpus[i].clocks_change, clocks_change);
	c->expiry = expiry;
	c->timer.fn = expired;
	c->armed = false;
	c->started = true;
	c->next = *list_of(c);
	*list_of(c) = c;
	if (!c->in_fn && runs(c))
		arm(c);
	unlock(s);
	uk_irq_restore(irq);
}
