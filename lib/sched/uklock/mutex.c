/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutex: the contended halves. Bit 0 of the owner word says that somebody waits; it makes the
 * inline unlock fail and come here. It is set and cleared with the wait queue locked.
 */
#include <uk/assert.h>
#include <uk/mutex.h>
#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/time.h>
#endif

#define WAITERS ((uintptr_t)1)

#ifdef CONFIG_SMP
/*
 * Sections are short, and the owner mostly runs on another CPU: to look until it is done takes less than to sleep and be
 * woken. And a mutex that is handed to a thread that sleeps keeps all others out until that runs; if they queue meanwhile,
 * the queue stays. So: while the owner runs, for a time that is long for a section; and until it runs, if it has only just
 * been woken.
 */
#define RUNS_NSEC (100 * UK_NSEC_PER_US)
#define WOKE_NSEC (20 * UK_NSEC_PER_US)

static UK_NOINLINE bool take_soon(struct uk_mutex *m, struct uk_thread *self, uk_nsec deadline)
{
	uk_nsec began = 0, now;

	for (unsigned i = 1;; i++) {
		uintptr_t owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

		if (!owner && __atomic_compare_exchange_n(&m->owner, &owner, (uintptr_t)self, false,
							  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		if (owner & WAITERS || owner == (uintptr_t)self)
			return false;
		/* Time counts from the end of the brief turns: who gives up sooner makes a queue. */
		if (i >= UK_ARCH_RELAX_BRIEF && i % 16 == 0) {
			now = uk_clock_monotonic();
			began = began ? began : now;
			if (!uk_sched_is_alone() || now >= deadline || now - began > RUNS_NSEC ||
			    (now - began > WOKE_NSEC &&
			     !uk_thread_runs_elsewhere((const struct uk_thread *)owner)))
				return false;
		}
		uk_arch_relax_turn(i);
	}
}
#else
static inline bool take_soon(struct uk_mutex *m UK_UNUSED, struct uk_thread *self UK_UNUSED,
			     uk_nsec deadline UK_UNUSED)
{
	return false;
}
#endif

static int queue_for(struct uk_mutex *m, struct uk_thread *self, uk_nsec deadline,
		     bool interruptible)
{
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

int uk_mutex_lock_slow(struct uk_mutex *m, uk_nsec deadline, bool interruptible)
{
	struct uk_thread *self = uk_thread_current();

	return take_soon(m, self, deadline) ? 0 : queue_for(m, self, deadline, interruptible);
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
