/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutex: mutual exclusion between threads, for sections that may block.
 *
 * Uncontended lock and unlock are one compare-and-swap each. Waiters queue first come, first
 * served: unlock hands the mutex to the one that has waited longest, so nobody starves. With several CPUs a thread first
 * looks for up to 100 us whether the owner, if that runs, gets done, unless others queue already.
 * Whoever locked it must unlock it (asserted in debug builds). All zero is an unlocked mutex.
 * Thread context throughout; not under a spin lock, not in interrupt handlers.
 */
#ifndef UK_MUTEX_H
#define UK_MUTEX_H

#include <uk/errno.h>
#include <uk/waitq.h>

struct uk_mutex {
	uintptr_t owner; /* struct uk_thread *, bit 0: there are waiters; 0: unlocked */
	struct uk_waitq waiters;
	bool recursive;
	unsigned int depth; /* locks of the owner beyond the first */
};

#define UK_MUTEX_INIT           { .owner = 0 }
#define UK_MUTEX_INIT_RECURSIVE { .recursive = true }

UK_API_BEGIN

/* The slow halves of the functions below. */
int uk_mutex_lock_slow(struct uk_mutex *m, uk_nsec deadline, bool interruptible);
void uk_mutex_unlock_slow(struct uk_mutex *m);

UK_API_END

static inline void uk_mutex_init(struct uk_mutex *m)
{
	*m = (struct uk_mutex)UK_MUTEX_INIT;
}

/* The owner may lock it again, and unlocks it as often. */
static inline void uk_mutex_init_recursive(struct uk_mutex *m)
{
	*m = (struct uk_mutex)UK_MUTEX_INIT_RECURSIVE;
}

/* Lock it if it is free (or the caller's own and recursive). True on success. Never blocks. */
static inline bool uk_mutex_trylock(struct uk_mutex *m)
{
	uintptr_t self = (uintptr_t)uk_thread_current(), free = 0;

	if (UK_LIKELY(__atomic_compare_exchange_n(&m->owner, &free, self, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		return true;
	if (!m->recursive || (free & ~(uintptr_t)1) != self)
		return false;
	m->depth++;
	return true;
}

/* Lock it, however long that takes. */
static inline void uk_mutex_lock(struct uk_mutex *m)
{
	if (UK_UNLIKELY(!uk_mutex_trylock(m)))
		uk_mutex_lock_slow(m, UK_NSEC_MAX, false);
}

/* Lock it: 0; or -ETIMEDOUT after the absolute monotonic deadline, or -EINTR. */
static inline int uk_mutex_lock_until(struct uk_mutex *m, uk_nsec deadline)
{
	return UK_LIKELY(uk_mutex_trylock(m)) ? 0 : uk_mutex_lock_slow(m, deadline, true);
}

/* Does the calling thread hold it? */
static inline bool uk_mutex_held(const struct uk_mutex *m)
{
	return (UK_READ_ONCE(m->owner) & ~(uintptr_t)1) == (uintptr_t)uk_thread_current();
}

static inline void uk_mutex_unlock(struct uk_mutex *m)
{
	uintptr_t self = (uintptr_t)uk_thread_current();

	if (UK_UNLIKELY(m->depth) ||
	    UK_UNLIKELY(!__atomic_compare_exchange_n(&m->owner, &self, 0, false, __ATOMIC_RELEASE,
						     __ATOMIC_RELAXED)))
		uk_mutex_unlock_slow(m);
}

#endif
