/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Condition variable. The waiter is queued before the mutex is released: a signal that comes
 * between finds it.
 */
#include <uk/assert.h>
#include <uk/condvar.h>

int uk_condvar_wait(struct uk_condvar *cv, struct uk_mutex *m, uk_nsec deadline)
{
	struct uk_waiter w = { .thread = uk_thread_current() };
	int err;

	UK_ASSERT(uk_mutex_held(m) && !m->depth);
	uk_waitq_add(&cv->waiters, &w);
	uk_mutex_unlock(m);
	do
		err = uk_thread_block(deadline, true);
	while (!err && uk_queue_linked(&w.node));
	/* A signal that has taken us off the queue counts, even if the deadline came as well. */
	if (!uk_waitq_remove(&cv->waiters, &w))
		err = 0;
	uk_mutex_lock(m);
	return err;
}
