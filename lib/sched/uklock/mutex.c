/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutex: the contended halves. Bit 0 of the owner word says that somebody waits; it makes the
 * inline unlock fail and come here. It is set and cleared with the wait queue locked.
 */
#include <uk/assert.h>
#include <uk/mutex.h>

#define WAITERS ((uintptr_t)1)

int uk_mutex_lock_slow(struct uk_mutex *m, uk_nsec deadline, bool interruptible)
{
	struct uk_thread *self = uk_thread_current();
	struct uk_waiter w = { .thread = self };
	bool irq = uk_spin_lock_irq(&m->waiters.lock);
	uintptr_t old = __atomic_load_n(&m->owner, __ATOMIC_RELAXED), new;
	int err = 0;

	/* Take it if it has become free, or else announce a waiter. */
	do
		new = old ? old | WAITERS : (uintptr_t)self;
	while (!__atomic_compare_exchange_n(&m->owner, &old, new, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED));
	if (old) {
		UK_ASSERT((old & ~WAITERS) != (uintptr_t)self); /* would wait for itself */
		err = uk_waitq_wait_locked(&m->waiters, &w, deadline, interruptible);
		/* 0: the former owner made us the owner. */
		if (err && uk_waitq_empty(&m->waiters))
			__atomic_fetch_and(&m->owner, ~WAITERS, __ATOMIC_RELAXED);
	}
	uk_spin_unlock_irq(&m->waiters.lock, irq);
	return err;
}

void uk_mutex_unlock_slow(struct uk_mutex *m)
{
	struct uk_waiter *w;
	uintptr_t owner = 0;
	bool irq;

	UK_ASSERT(uk_mutex_held(m));
	if (m->depth) {
		m->depth--;
		return;
	}
	irq = uk_spin_lock_irq(&m->waiters.lock);
	w = uk_waitq_hand_over(&m->waiters);
	if (w)
		owner = (uintptr_t)w->thread | (uk_waitq_empty(&m->waiters) ? 0 : WAITERS);
	__atomic_store_n(&m->owner, owner, __ATOMIC_RELEASE);
	uk_spin_unlock_irq(&m->waiters.lock, irq);
}
