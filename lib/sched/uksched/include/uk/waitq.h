/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues: threads that wait for a condition, first come, first woken.
 *
 *	waiting:	err = UK_WAIT(&dev->wq, dev->head != dev->tail, deadline);
 *	waking:		dev->head++; uk_waitq_wake_one(&dev->wq);
 *
 * No wake-up is lost: the waiter queues itself first and looks at the condition after that.
 * A structure that is all zero is an empty queue, so nothing needs initialisation.
 */
#ifndef UK_WAITQ_H
#define UK_WAITQ_H

#include <uk/errno.h>
#include <uk/thread.h>
#include <uk/waitq_types.h>

UK_API_BEGIN

/* Append a waiter. Any context; what blocks on it afterwards is the thread w->thread. */
void uk_waitq_add(struct uk_waitq *wq, struct uk_waiter *w);

/* Take a waiter off if it is still queued: true. False if a wake-up came first. Any context. */
bool uk_waitq_remove(struct uk_waitq *wq, struct uk_waiter *w);

/*
 * Wake the thread that has waited longest. True if there was one. Any context. It runs
 * when the scheduler says so, with a preemptive one possibly before this returns.
 */
bool uk_waitq_wake_one(struct uk_waitq *wq);

/* Wake all. The number of waiters woken. Any context; interrupts stay masked during the walk. */
unsigned int uk_waitq_wake_all(struct uk_waitq *wq);

/*
 * The same for who has just found that the queue is not empty: waiters that take note learn `key`, what
 * has happened.
 */
unsigned int uk_waitq_tell_all(struct uk_waitq *wq, uint32_t key);

/*
 * One step of UK_WAIT: a waiter that is in no queue is appended and 0 returned at once, so that
 * the caller looks at its condition again; one that is queued blocks, see uk_thread_block().
 */
int uk_waitq_step(struct uk_waitq *wq, struct uk_waiter *w, uk_nsec deadline, bool interruptible);

/* ---- for locks that hand over to the longest waiter ---- */

/*
 * With wq->lock held by uk_spin_lock_irq(): append `w`, wait with the lock released until
 * uk_waitq_hand_over() picks it, and lock again. 0 if it was picked, else -ETIMEDOUT or
 * -EINTR as uk_thread_block(); `w` is in no queue afterwards. Thread context.
 */
int uk_waitq_wait_locked(struct uk_waitq *wq, struct uk_waiter *w, uk_nsec deadline,
			 bool interruptible);

/*
 * With wq->lock held by uk_spin_lock_irq(): take the first waiter off and wake its thread. The
 * waiter, valid until the lock is released, or NULL. Any context.
 */
struct uk_waiter *uk_waitq_hand_over(struct uk_waitq *wq);

UK_API_END

/* Is the queue empty? Only a hint, unless what changes the queue is kept out. Any context. */
static inline bool uk_waitq_empty(const struct uk_waitq *wq)
{
	return uk_queue_empty(&wq->waiters);
}

/*
 * The same for wakers: true if there is nobody to wake, without taking the lock. The waker has
 * changed the condition before, and a waiter queues itself and then looks at the condition: all CPUs
 * must see both in this order.
 */
static inline bool uk_waitq_nobody(const struct uk_waitq *wq)
{
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#else
	UK_BARRIER();
#endif
	return uk_waitq_empty(wq);
}

/*
 * Must the waiter lock the queue before it goes? If it is still queued; and with several CPUs also if it
 * was, since the waker that has taken it off may still look at it, with the queue locked.
 */
static inline bool uk_waiter_in_use(const struct uk_waiter *w)
{
#ifdef CONFIG_SMP
	return uk_shared_get(w->node.prev); /* stays when it is taken off */
#else
	return uk_queue_linked(&w->node);
#endif
}

#define UK_WAIT_(wq, cond, deadline, interruptible)                                                \
	({                                                                                         \
		struct uk_waitq *wq_ = (wq);                                                       \
		const uk_nsec deadline_ = (deadline);                                              \
		struct uk_waiter w_ = { .thread = uk_thread_current() };                           \
		int err_ = 0;                                                                      \
		for (;;) {                                                                         \
			if (cond) {                                                                \
				err_ = 0;                                                          \
				break;                                                             \
			}                                                                          \
			if (err_)                                                                  \
				break;                                                             \
			err_ = uk_waitq_step(wq_, &w_, deadline_, interruptible);                  \
		}                                                                                  \
		if (uk_waiter_in_use(&w_))                                                         \
			uk_waitq_remove(wq_, &w_);                                                 \
		err_;                                                                              \
	})

/*
 * Wait until `cond` is true. 0; -ETIMEDOUT after the absolute monotonic `deadline` (UK_NSEC_MAX:
 * never); -EINTR if uk_thread_interrupt() came. `cond` is evaluated several times, in the waiting
 * thread; a true condition wins over deadline and interrupt. Whoever makes it true wakes
 * the queue afterwards. Thread context. Where `cond` needs a lock, use a condition variable.
 */
#define UK_WAIT(wq, cond, deadline) UK_WAIT_(wq, cond, deadline, true)

/* The same for waits that end soon and cannot be undone half way: never -EINTR. */
#define UK_WAIT_UNINTERRUPTIBLE(wq, cond, deadline) UK_WAIT_(wq, cond, deadline, false)

#endif
