/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counting semaphore. Waiters are served first come, first served: an up goes to the one that has
 * waited longest. All zero is a semaphore with count 0.
 */
#ifndef UK_SEMAPHORE_H
#define UK_SEMAPHORE_H

#include <uk/errno.h>
#include <uk/waitq.h>

struct uk_semaphore {
	unsigned int count; /* not 0 only if nobody waits */
	struct uk_waitq waiters;
};

#define UK_SEMAPHORE_INIT(n) { .count = (n) }

static inline void uk_semaphore_init(struct uk_semaphore *s, unsigned int count)
{
	*s = (struct uk_semaphore)UK_SEMAPHORE_INIT(count);
}

UK_API_BEGIN

/* Take one, waiting as long as there is none. Thread context. */
void uk_semaphore_down(struct uk_semaphore *s);

/* As above: 0; or -ETIMEDOUT after the absolute monotonic deadline, or -EINTR. Thread context. */
int uk_semaphore_down_until(struct uk_semaphore *s, uk_nsec deadline);

/* Take one if there is one: true. Any context. */
bool uk_semaphore_trydown(struct uk_semaphore *s);

/* Give one. Any context. */
void uk_semaphore_up(struct uk_semaphore *s);

UK_API_END

#endif
