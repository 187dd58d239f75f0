/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counting semaphore. An up that finds a waiter is handed to it and never enters the count, so
 * nobody can overtake.
 */
#include <uk/semaphore.h>

static int down(struct uk_semaphore *s, uk_nsec deadline, bool interruptible)
{
	bool irq = uk_spin_lock_irq(&s->waiters.lock);
	int err = 0;

	if (UK_LIKELY(s->count)) {
		s->count--;
	} else {
		struct uk_waiter w = { .thread = uk_thread_current() };

		err = uk_waitq_wait_locked(&s->waiters, &w, deadline, interruptible);
	}
	uk_spin_unlock_irq(&s->waiters.lock, irq);
	return err;
}

void uk_semaphore_down(struct uk_semaphore *s)
{
	down(s, UK_NSEC_MAX, false);
}

int uk_semaphore_down_until(struct uk_semaphore *s, uk_nsec deadline)
{
	return down(s, deadline, true);
}

bool uk_semaphore_trydown(struct uk_semaphore *s)
{
	bool irq = uk_spin_lock_irq(&s->waiters.lock);
	bool taken = s->count;

	s->count -= taken;
	uk_spin_unlock_irq(&s->waiters.lock, irq);
	return taken;
}

void uk_semaphore_up(struct uk_semaphore *s)
{
	bool irq = uk_spin_lock_irq(&s->waiters.lock);

	if (!uk_waitq_hand_over(&s->waiters))
		s->count++;
	uk_spin_unlock_irq(&s->waiters.lock, irq);
}
