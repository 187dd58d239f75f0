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

void uksched_ready(struct uk_thread *t, int status)
{
	t->state = UK_THREAD_RUNNABLE;
	t->status = status;
	if (uk_sched_add(t->sched, t))
		uk_sched_set_resched();
}

/* Interrupt context. The block that started the timer has not ended, since it stops it then. */
static void timed_out(struct uk_timer *timer)
{
	struct uk_thread *t = UK_CONTAINER_OF(timer, struct timeout, timer)->thread;
	bool irq = uk_spin_lock_irq(&t->sched->lock);

	if (t->state == UK_THREAD_BLOCKED)
		uksched_ready(t, -ETIMEDOUT);
	uk_spin_unlock_irq(&t->sched->lock, irq);
}

/* The block itself: with the scheduler locked. */
static inline int block(struct uk_sched *s, struct uk_thread *t, bool interruptible)
{
	t->state = UK_THREAD_BLOCKED;
	t->interruptible = interruptible;
	uk_sched_remove(s, t);
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
	uk_timer_stop(&timeout.timer);
	return err;
}

int uk_thread_block(uk_nsec deadline, bool interruptible)
{
	struct uk_thread *t = uk_thread_current();
	struct uk_sched *s = t->sched;
	bool irq = uk_spin_lock_irq(&s->lock);
	int err = 0;

	UK_ASSERT(!uk_percpu()->preempt_off && !uk_in_irq());
	if (UK_LIKELY(!t->woken)) {
		if (interruptible && UK_UNLIKELY(t->interrupted))
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
	uk_spin_release(&s->lock);
	uk_irq_restore(irq);
	return err;
}

void uk_thread_wake(struct uk_thread *t)
{
	bool irq = uk_spin_lock_irq(&t->sched->lock);

	if (t->state == UK_THREAD_BLOCKED)
		uksched_ready(t, 0);
	else
		t->woken = true;
	uk_spin_unlock_irq(&t->sched->lock, irq);
}

void uk_thread_interrupt(struct uk_thread *t)
{
	bool irq = uk_spin_lock_irq(&t->sched->lock);

	t->interrupted = true;
	if (t->state == UK_THREAD_BLOCKED && t->interruptible)
		uksched_ready(t, -EINTR);
	uk_spin_unlock_irq(&t->sched->lock, irq);
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
