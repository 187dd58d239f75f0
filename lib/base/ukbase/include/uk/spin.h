/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core of a spin lock, for code below preemption and schedulers: platforms, the log. Everybody
 * else takes <uk/spinlock.h>.
 *
 * With one CPU the lock is an empty structure: what keeps others out is that interrupts are masked.
 * With CONFIG_SMP it is one word, and who finds it 0 has the lock. Tickets would be fair, but our CPUs
 * are virtual, and their host may run another one than the one whose turn it is: then everybody waits for
 * that (four on a busy machine: 6 ms for each turn). All zero is an unlocked lock.
 */
#ifndef UK_SPIN_H
#define UK_SPIN_H

#include <uk/irq.h>
#include <uk/lockdebug.h>

#ifdef CONFIG_SMP
struct uk_spinlock {
	uint32_t held;
	UK_LOCK_CLASS_FIELD
};

UK_API_BEGIN
/* The rest of uk_spin_acquire() where somebody else is inside. */
void uk_spin_wait(struct uk_spinlock *l);

/*
 * The other CPUs stand still for good, some perhaps in the middle of a section: locks keep nobody out any
 * more. For crash reports. Any context.
 */
void uk_spin_break(void);

/* Called in each turn of such a wait, with the number of turns so far. Set by uksmp. */
extern void (*uk_spin_hook)(unsigned turns);

#ifdef CONFIG_SMP_RANDOM
/*
 * Called before a lock is taken and before and after it is released, to be in the way. NULL until uksmp sets
 * it: the first locks are taken where the loader put the image, and functions are called where it will be.
 */
extern void (*uk_spin_jitter)(bool released);
#define UK_SPIN_JITTER(released)                                                                   \
	do {                                                                                       \
		if (uk_spin_jitter)                                                                \
			uk_spin_jitter(released);                                                  \
	} while (0)
#else
#define UK_SPIN_JITTER(released) UK_BARRIER()
#endif
UK_API_END

/* Enters if that can be done at once. */
static inline bool uk_spin_try(struct uk_spinlock *l)
{
	return !__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE);
}

static inline void uk_spin_acquire(struct uk_spinlock *l)
{
	UK_SPIN_JITTER(false);
	if (UK_UNLIKELY(!uk_spin_try(l)))
		uk_spin_wait(l);
}

static inline void uk_spin_release(struct uk_spinlock *l)
{
	UK_LOCK_GONE(l);
	UK_SPIN_JITTER(false);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
	UK_SPIN_JITTER(true);
}

/* Is anybody inside? What was done inside by who has left is visible if not. */
static inline bool uk_spin_is_locked(const struct uk_spinlock *l)
{
	return __atomic_load_n(&l->held, __ATOMIC_ACQUIRE);
}
#else
struct uk_spinlock {
	UK_LOCK_CLASS_FIELD
};

static inline void uk_spin_acquire(struct uk_spinlock *l UK_UNUSED)
{
	UK_BARRIER();
}

static inline bool uk_spin_try(struct uk_spinlock *l UK_UNUSED)
{
	UK_BARRIER();
	return true;
}

static inline void uk_spin_release(struct uk_spinlock *l UK_UNUSED)
{
	UK_LOCK_GONE(l);
	UK_BARRIER();
}
#endif

#ifdef UK_LOCK_DEBUG
/*
 * The same, and whoever takes a lock says where: so these are macros, and those below as well. (A name in
 * parentheses means the function.)
 */
static inline void uk_spin_acquire_at(struct uk_spinlock *l, const struct uk_lock_site *at)
{
	uint64_t since = 0;

	uk_lock_ask(&l->lock_class, l, at);
	if (!(uk_spin_try)(l)) {
		since = uk_lock_clock();
		(uk_spin_acquire)(l);
	}
	uk_lock_got(&l->lock_class, l, at, since);
}

static inline bool uk_spin_try_at(struct uk_spinlock *l, const struct uk_lock_site *at)
{
	bool got = (uk_spin_try)(l);

	if (got)
		uk_lock_got(&l->lock_class, l, at, 0);
	return got;
}

#define uk_spin_acquire(l) uk_spin_acquire_at(l, UK_LOCK_SITE(#l))
#define uk_spin_try(l)     uk_spin_try_at(l, UK_LOCK_SITE(#l))
#define uk_spin_lock_save(l)                                                                       \
	({                                                                                         \
		bool was_ = uk_irq_save();                                                         \
		uk_spin_acquire_at(l, UK_LOCK_SITE(#l));                                           \
		was_;                                                                              \
	})
#else

/*
 * With interrupts masked, whether they were before or not: returned, for the unlock. Any context. A
 * wake-up inside does not preempt on leaving.
 */
static inline bool uk_spin_lock_save(struct uk_spinlock *l)
{
	bool was = uk_irq_save();

	uk_spin_acquire(l);
	return was;
}
#endif

static inline void uk_spin_unlock_restore(struct uk_spinlock *l, bool was)
{
	uk_spin_release(l);
	uk_irq_restore(was);
}

#endif
