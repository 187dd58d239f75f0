/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spin locks: for short sections over data that other CPUs, threads or interrupts touch.
 *
 *	uk_spin_lock(), uk_spin_unlock()		data shared by threads only
 *	uk_spin_lock_irq(), uk_spin_unlock_irq()	data that interrupt handlers use as well
 *
 * With one CPU there is nobody to spin for. The lock is an empty structure and the calls reduce to
 * what keeps the others of this CPU out: preemption off, or interrupts masked. With
 * CONFIG_SMP who finds it free gets it, in no order.
 *
 * A section must not block. All zero is an unlocked lock. Order where several are taken: wait
 * queue or futex bucket, then scheduler, then timers.
 */
#ifndef UK_SPINLOCK_H
#define UK_SPINLOCK_H

#include <uk/irq.h>
#include <uk/preempt.h>
#include <uk/spin.h>

#ifdef UK_LOCK_DEBUG /* see uk/spin.h */
#define uk_spin_lock(l)                                                                            \
	do {                                                                                       \
		uk_preempt_disable();                                                              \
		uk_spin_acquire_at(l, UK_LOCK_SITE(#l));                                           \
	} while (0)
#define uk_spin_lock_irq(l) uk_spin_lock_save(l)
#else

/* Thread context. */
static inline void uk_spin_lock(struct uk_spinlock *l)
{
	uk_preempt_disable();
	uk_spin_acquire(l);
}

/* Any context. Returns whether interrupts were masked before, for the unlock. */
static inline bool uk_spin_lock_irq(struct uk_spinlock *l)
{
	bool was = uk_irq_save();

	uk_spin_acquire(l);
	return was;
}
#endif

static inline void uk_spin_unlock(struct uk_spinlock *l)
{
	uk_spin_release(l);
	uk_preempt_enable();
}

/* Any context. A wake-up inside the section takes effect here, if it has to preempt. */
static inline void uk_spin_unlock_irq(struct uk_spinlock *l, bool was)
{
	uk_spin_release(l);
	if (!was) {
		uk_irq_enable();
		uk_preempt_check();
	}
}

#endif
