/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one way to wait: block with a deadline; wake; interrupt; sleep.
 */
#include <uk/assert.h>
#include <uk/errno.h>
#include <uk/time.h>
#include <uk/timer.h>
#include "internal.h"

struct timeout {
	struct uk_timer timer;
	struct uk_thread *thread;
};

struct uk_sched *uksched_ready(struct uk_sched *s, struct uk_thread *t, int status)
{
	bool kick;

#ifdef CONFIG_SMP
	struct uk_sched *d = uksched_place(t);

	if (d != s)
		s = uksched_go(s, t, d);
#endif
	uk_shared_set(t->state, UK_THREAD_RUNNABLE);
	t->status = status;
	kick = uksched_add(s, t);
#ifdef CONFIG_SMP
	if (s->running == s->idle)
		kick = true;
	else
		uksched_offer(t);
#endif
	if (kick)
		uksched_kick(s);
	return s;
}

/* Interrupt context. The block that started the timer has not ended, since it stops it then. */
static void timed_out(struct uk_timer *timer)
{
	struct uk_thread *t = UK_CONTAINER_OF(timer, struct timeout, timer)->thread;
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);

	if (uk_shared_get(t->state) == UK_THREAD_BLOCKED)
		s = uksched_ready(s, t, -ETIMEDOUT);
	uk_spin_unlock_irq(&s->lock, irq);
}

/* The block itself: with the scheduler locked. */
static inline int block(struct uk_sched *s, struct uk_thread *t, bool interruptible)
{
	uk_shared_set(t->state, UK_THREAD_BLOCKED);
	t->interruptible = interruptible;
	uksched_remove(s, t);
	uksched_leave(s);
	return t->status;
}

/* Apart, so that the usual case without a deadline does not pay for the timer's place. */
static UK_NOINLINE int block_until(struct uk_sched *s, struct uk_thread *t, uk_nsec deadline,
				   bool interruptible)
{
	struct timeout timeout = { .timer = UK_TIMER_INIT(timed_out), .thread = t };
	int err;

	if (deadline <= uk_clock_monotonic()) {
		/* Or who always waits too short a time keeps others from making true what it waits for. */
		uksched_switch(uk_sched_rotate(s, t));
		return -ETIMEDOUT;
	}
	uk_timer_start(&timeout.timer, deadline);
	err = block(s, t, interruptible);
#ifdef CONFIG_SMP
	/* Its function may be running on another CPU, and wants our lock: let it. */
	uk_spin_release(&t->sched->lock);
	uk_timer_stop(&timeout.timer);
	uksched_lock(t);
#else
	uk_timer_stop(&timeout.timer);
#endif
	return err;
}

int uk_thread_block(uk_nsec deadline, bool interruptible)
{
	struct uk_thread *t = uk_thread_current();
	struct uk_sched *s;
	int err = 0;
	bool irq;

	uk_lock_may_sleep();
	s = uksched_lock_irq(t, &irq);
	UK_ASSERT(!uk_this_cpu_get(preempt_off) && !uk_in_irq());
	if (UK_LIKELY(!t->woken)) {
		if (interruptible && UK_UNLIKELY(uk_shared_get(t->interrupted)))
			err = -EINTR;
		else if (deadline == UK_NSEC_MAX)
			err = block(s, t, interruptible);
		else
			err = block_until(s, t, deadline, interruptible);
	}
	/* A wake-up counts, even if it came after something else had ended the wait. */
	if (UK_UNLIKELY(t->woken)) {
		t->woken = false;
		err = 0;
	}
	uk_spin_release(&t->sched->lock);
	uk_irq_restore(irq);
	return err;
}

void uk_thread_wake(struct uk_thread *t)
{
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);

	if (uk_shared_get(t->state) == UK_THREAD_BLOCKED)
		s = uksched_ready(s, t, 0);
	else
		t->woken = true;
	uk_spin_unlock_irq(&s->lock, irq);
}

void uk_thread_interrupt(struct uk_thread *t)
{
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);

	uk_shared_set(t->interrupted, true);
	if (uk_shared_get(t->state) == UK_THREAD_BLOCKED && t->interruptible)
		s = uksched_ready(s, t, -EINTR);
#ifdef CONFIG_SMP
	else if (s->running == t && !uk_sched_is_here(s))
		uk_smp_kick(s->cpu); /* it takes its signal when the interrupt returns */
#endif
	uk_spin_unlock_irq(&s->lock, irq);
}

int uk_sleep_until(uk_nsec deadline)
{
	int err;

	do
		err = uk_thread_block(deadline, true);
	while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

int uk_sleep(uk_nsec span)
{
	return uk_sleep_until(uk_deadline(span));
}
