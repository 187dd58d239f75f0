/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read-write lock: many readers or one writer.
 *
 * Fair to both: requests are served in order of arrival, readers that stand next to each other
 * together. So a waiting writer holds back later readers, and a thread that holds it for reading must
 * not ask for it again. All zero is an unlocked lock. Thread context throughout.
 */
#ifndef UK_RWLOCK_H
#define UK_RWLOCK_H

#include <uk/errno.h>
#include <uk/waitq.h>

struct uk_rwlock {
	int holders; /* number of readers, or -1: a writer */
	struct uk_waitq waiters;
};

#define UK_RWLOCK_INIT { .holders = 0 }

static inline void uk_rwlock_init(struct uk_rwlock *l)
{
	*l = (struct uk_rwlock)UK_RWLOCK_INIT;
}

UK_API_BEGIN

/* Lock for reading or writing, however long that takes. */
void uk_rwlock_rdlock(struct uk_rwlock *l);
void uk_rwlock_wrlock(struct uk_rwlock *l);

/* The same: 0; or -ETIMEDOUT after the absolute monotonic deadline, or -EINTR. */
int uk_rwlock_rdlock_until(struct uk_rwlock *l, uk_nsec deadline);
int uk_rwlock_wrlock_until(struct uk_rwlock *l, uk_nsec deadline);

/* Lock it if that is possible at once: true. Never block. */
bool uk_rwlock_tryrdlock(struct uk_rwlock *l);
bool uk_rwlock_trywrlock(struct uk_rwlock *l);

/* Release what one of the above took. */
void uk_rwlock_unlock(struct uk_rwlock *l);

UK_API_END

#endif
