/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Condition variable: wait, with a mutex released meanwhile, for something the mutex protects.
 *
 *	uk_mutex_lock(&m);
 *	while (!ready && !err)
 *		err = uk_condvar_wait(&cv, &m, deadline);
 *
 * All zero is a condition variable that nobody waits for.
 */
#ifndef UK_CONDVAR_H
#define UK_CONDVAR_H

#include <uk/mutex.h>

struct uk_condvar {
	struct uk_waitq waiters;
};

#define UK_CONDVAR_INIT { }

static inline void uk_condvar_init(struct uk_condvar *cv)
{
	*cv = (struct uk_condvar)UK_CONDVAR_INIT;
}

UK_API_BEGIN

/*
 * Release `m` (held once, also if recursive), wait for a signal, lock `m` again. 0 when
 * signalled, which does not say that the condition holds: loop. -ETIMEDOUT after the absolute
 * monotonic deadline (UK_NSEC_MAX: never), or -EINTR. `m` is held on return in every case.
 * Thread context.
 */
int uk_condvar_wait(struct uk_condvar *cv, struct uk_mutex *m, uk_nsec deadline);

UK_API_END

/* Wake the thread that has waited longest, or all. With or without the mutex held. Any context. */
static inline void uk_condvar_signal(struct uk_condvar *cv)
{
	uk_waitq_wake_one(&cv->waiters);
}

static inline void uk_condvar_broadcast(struct uk_condvar *cv)
{
	uk_waitq_wake_all(&cv->waiters);
}

#endif
