/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures of uk/waitq.h, apart from its functions: struct uk_thread holds a wait queue.
 */
#ifndef UK_WAITQ_TYPES_H
#define UK_WAITQ_TYPES_H

#include <uk/queue.h>
#include <uk/spinlock.h>

struct uk_thread;

/* All zero is an empty wait queue. */
struct uk_waitq {
	struct uk_queue waiters; /* struct uk_waiter.node */
	struct uk_spinlock lock; /* no bytes with one CPU */
};

/* One thread's place in one wait queue. Lives on the stack of the waiting thread. */
struct uk_waiter {
	struct uk_queue_node node;
	struct uk_thread *thread;
	/*
	 * NULL: a wake-up takes the waiter off the queue and wakes `thread`. Otherwise a
	 * wake-up calls this instead, with the queue locked and interrupts masked: for event
	 * sources that only take note (epoll). It may wake threads, and touch no wait queue but those
	 * above it in their order. `key` is the waker's (uk_waitq_tell_all()), else all ones. True
	 * means that a thread was woken by it, which counts for uk_waitq_wake_one().
	 */
	bool (*notify)(struct uk_waiter *w, uint32_t key);
};

#endif
