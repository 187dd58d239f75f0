/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader-writer spin locks: for short sections that mostly read, and are long enough that it matters
 * whether several CPUs are inside at once.
 *
 * It pays where readers stay for hundreds of instructions. To enter and to leave, a reader changes
 * the lock's word as well, so below that a plain spin lock is as good; where nothing needs to be
 * written at all see uk/seqlock.h and uk/rcu.h.
 *
 * A writer that waits keeps new readers out. So a reader must not enter twice, and data that an interrupt
 * handler reads takes the functions that mask interrupts everywhere. Rules and contexts are
 * otherwise those of uk/spinlock.h. All zero is an unlocked lock. With one CPU it has no bytes.
 */
#ifndef UK_RWSPIN_H
#define UK_RWSPIN_H

#include <uk/spinlock.h>

#ifdef CONFIG_SMP
#define UK_RWSPIN_WRITER  0x80000000U /* one is inside */
#define UK_RWSPIN_WAITING 0x40000000U /* one waits; below: how many readers are inside */

struct uk_rwspin {
	uint32_t state;
	UK_LOCK_CLASS_FIELD
};

UK_API_BEGIN
void uk_rwspin_read_wait(struct uk_rwspin *l);
void uk_rwspin_write_wait(struct uk_rwspin *l);
UK_API_END

static inline bool uk_rwspin_read_try(struct uk_rwspin *l)
{
	uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

	return !(s & (UK_RWSPIN_WRITER | UK_RWSPIN_WAITING)) &&
	       __atomic_compare_exchange_n(&l->state, &s, s + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void uk_rwspin_read_release(struct uk_rwspin *l)
{
	UK_LOCK_GONE(l);
	__atomic_fetch_sub(&l->state, 1, __ATOMIC_RELEASE);
}

static inline bool uk_rwspin_write_try(struct uk_rwspin *l)
{
	uint32_t s = 0;

	return __atomic_compare_exchange_n(&l->state, &s, UK_RWSPIN_WRITER, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void uk_rwspin_write_release(struct uk_rwspin *l)
{
	UK_LOCK_GONE(l);
	__atomic_fetch_and(&l->state, ~UK_RWSPIN_WRITER, __ATOMIC_RELEASE);
}
#else
struct uk_rwspin {
	UK_LOCK_CLASS_FIELD
};

static inline bool uk_rwspin_read_try(struct uk_rwspin *l UK_UNUSED)
{
	UK_BARRIER();
	return true;
}

static inline bool uk_rwspin_write_try(struct uk_rwspin *l UK_UNUSED)
{
	UK_BARRIER();
	return true;
}

static inline void uk_rwspin_read_wait(struct uk_rwspin *l UK_UNUSED)
{
}

static inline void uk_rwspin_write_wait(struct uk_rwspin *l UK_UNUSED)
{
}

static inline void uk_rwspin_read_release(struct uk_rwspin *l UK_UNUSED)
{
	UK_LOCK_GONE(l);
	UK_BARRIER();
}

static inline void uk_rwspin_write_release(struct uk_rwspin *l UK_UNUSED)
{
	UK_LOCK_GONE(l);
	UK_BARRIER();
}
#endif

/* The core of the functions below: preemption is off, or interrupts are masked. */
#define uk_rwspin_read_acquire(l)  UK_LOCK_TAKE(l, uk_rwspin_read_try(l), uk_rwspin_read_wait(l))
#define uk_rwspin_write_acquire(l) UK_LOCK_TAKE(l, uk_rwspin_write_try(l), uk_rwspin_write_wait(l))

/* Data shared by threads only. Thread context. */
#define uk_rwspin_read_lock(l)                                                                     \
	do {                                                                                       \
		uk_preempt_disable();                                                              \
		uk_rwspin_read_acquire(l);                                                         \
	} while (0)

static inline void uk_rwspin_read_unlock(struct uk_rwspin *l)
{
	uk_rwspin_read_release(l);
	uk_preempt_enable();
}

#define uk_rwspin_write_lock(l)                                                                    \
	do {                                                                                       \
		uk_preempt_disable();                                                              \
		uk_rwspin_write_acquire(l);                                                        \
	} while (0)

static inline void uk_rwspin_write_unlock(struct uk_rwspin *l)
{
	uk_rwspin_write_release(l);
	uk_preempt_enable();
}

/* Data that interrupt handlers use as well. Any context; the value is for the unlock. */
#define uk_rwspin_read_lock_irq(l)                                                                 \
	({                                                                                         \
		bool was_ = uk_irq_save();                                                         \
		uk_rwspin_read_acquire(l);                                                         \
		was_;                                                                              \
	})

#define uk_rwspin_write_lock_irq(l)                                                                \
	({                                                                                         \
		bool was_ = uk_irq_save();                                                         \
		uk_rwspin_write_acquire(l);                                                        \
		was_;                                                                              \
	})

static inline void uk_rwspin_read_unlock_irq(struct uk_rwspin *l, bool was)
{
	uk_rwspin_read_release(l);
	if (!was) {
		uk_irq_enable();
		uk_preempt_check();
	}
}

static inline void uk_rwspin_write_unlock_irq(struct uk_rwspin *l, bool was)
{
	uk_rwspin_write_release(l);
	if (!was) {
		uk_irq_enable();
		uk_preempt_check();
	}
}

#endif
