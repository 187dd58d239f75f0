/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read-write lock. The lock is handed over: `holders` counts a waiter in before it wakes up, so
 * the order of the queue is the order of entry.
 */
#include <uk/assert.h>
#include <uk/rwlock.h>

struct rw_waiter {
	struct uk_waiter w;
	bool writer;
};

static struct rw_waiter *first_waiter(struct uk_rwlock *l)
{
	struct uk_queue_node *n = l->waiters.waiters.first;

	return n ? UK_CONTAINER_OF(n, struct rw_waiter, w.node) : NULL;
}

/* Let in whoever is at the head of the queue, as many as fit together. With the queue locked. */
static void let_in(struct uk_rwlock *l)
{
	struct rw_waiter *rw;

	while ((rw = first_waiter(l))) {
		if (l->holders < 0 || (rw->writer && l->holders))
			break;
		l->holders = rw->writer ? -1 : l->holders + 1;
		uk_waitq_hand_over(&l->waiters);
	}
}

static int lock(struct uk_rwlock *l, bool writer, bool wait, uk_nsec deadline, bool interruptible)
{
	bool irq = uk_spin_lock_irq(&l->waiters.lock);
	int err = 0;

	if (uk_waitq_empty(&l->waiters) && (writer ? l->holders == 0 : l->holders >= 0)) {
		l->holders = writer ? -1 : l->holders + 1;
	} else if (!wait) {
		err = -EBUSY;
	} else {
		struct rw_waiter rw = { .w.thread = uk_thread_current(), .writer = writer };

		err = uk_waitq_wait_locked(&l->waiters, &rw.w, deadline, interruptible);
		/* A writer that gives up may have held back readers behind it. */
		if (err)
			let_in(l);
	}
	uk_spin_unlock_irq(&l->waiters.lock, irq);
	return err;
}

void uk_rwlock_rdlock(struct uk_rwlock *l)
{
	lock(l, false, true, UK_NSEC_MAX, false);
}

void uk_rwlock_wrlock(struct uk_rwlock *l)
{
	lock(l, true, true, UK_NSEC_MAX, false);
}

int uk_rwlock_rdlock_until(struct uk_rwlock *l, uk_nsec deadline)
{
	return lock(l, false, true, deadline, true);
}

int uk_rwlock_wrlock_until(struct uk_rwlock *l, uk_nsec deadline)
{
	return lock(l, true, true, deadline, true);
}

bool uk_rwlock_tryrdlock(struct uk_rwlock *l)
{
	return !lock(l, false, false, 0, false);
}

bool uk_rwlock_trywrlock(struct uk_rwlock *l)
{
	return !lock(l, true, false, 0, false);
}

void uk_rwlock_unlock(struct uk_rwlock *l)
{
	bool irq = uk_spin_lock_irq(&l->waiters.lock);

	UK_ASSERT(l->holders);
	l->holders = l->holders > 0 ? l->holders - 1 : 0;
	let_in(l);
	uk_spin_unlock_irq(&l->waiters.lock, irq);
}
