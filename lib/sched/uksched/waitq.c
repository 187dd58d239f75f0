/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues.
 *
 * A waiter is woken with the queue still locked: the woken thread locks the queue before it leaves
 * the function that holds the waiter, so neither the waiter nor the thread vanish meanwhile.
 */
#define UK_LOCK_KIND "wait queue"
#include <uk/assert.h>
#include <uk/waitq.h>

void uk_waitq_add(struct uk_waitq *wq, struct uk_waiter *w)
{
	bool irq = uk_spin_lock_irq(&wq->lock);

	uk_queue_push(&wq->waiters, &w->node);
	uk_spin_unlock_irq(&wq->lock, irq);
#ifdef CONFIG_SMP
	/* The other half of uk_waitq_nobody(): the caller looks at its condition after this. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

bool uk_waitq_remove(struct uk_waitq *wq, struct uk_waiter *w)
{
	bool irq = uk_spin_lock_irq(&wq->lock);
	bool queued = uk_queue_linked(&w->node);

	if (queued)
		uk_queue_remove(&wq->waiters, &w->node);
	uk_spin_unlock_irq(&wq->lock, irq);
	return queued;
}

struct uk_waiter *uk_waitq_hand_over(struct uk_waitq *wq)
{
	struct uk_queue_node *n = uk_queue_pop(&wq->waiters);
	struct uk_waiter *w;

	if (!n)
		return NULL;
	w = UK_CONTAINER_OF(n, struct uk_waiter, node);
	uk_thread_wake(w->thread);
	return w;
}

/* Wakes up to n threads; waiters that only take note are told along the way and stay queued. */
static unsigned int wake(struct uk_waitq *wq, unsigned int n, uint32_t key)
{
	bool irq = uk_spin_lock_irq(&wq->lock);
	struct uk_queue_node *node = wq->waiters.first, *last, *next;
	unsigned int woken = 0;

	if (!node)
		goto out;
	last = node->prev;
	for (;; node = next) {
		struct uk_waiter *w = UK_CONTAINER_OF(node, struct uk_waiter, node);
		bool at_end = node == last;

		next = node->next;
		if (w->notify) {
			woken += w->notify(w, key);
		} else {
			uk_queue_remove(&wq->waiters, node);
			uk_thread_wake(w->thread);
			woken++;
		}
		if (at_end || woken >= n)
			break;
	}
out:
	uk_spin_unlock_irq(&wq->lock, irq);
	return woken;
}

bool uk_waitq_wake_one(struct uk_waitq *wq)
{
	return !uk_waitq_nobody(wq) && wake(wq, 1, ~0U);
}

unsigned int uk_waitq_wake_all(struct uk_waitq *wq)
{
	return uk_waitq_nobody(wq) ? 0 : wake(wq, ~0U, ~0U);
}

unsigned int uk_waitq_tell_all(struct uk_waitq *wq, uint32_t key)
{
	return wake(wq, ~0U, key);
}

int uk_waitq_step(struct uk_waitq *wq, struct uk_waiter *w, uk_nsec deadline, bool interruptible)
{
	if (uk_queue_linked(&w->node))
		return uk_thread_block(deadline, interruptible);
	uk_waitq_add(wq, w);
	return 0;
}

int uk_waitq_wait_locked(struct uk_waitq *wq, struct uk_waiter *w, uk_nsec deadline,
			 bool interruptible)
{
	int err;

	UK_ASSERT(uk_irq_disabled());
	uk_queue_push(&wq->waiters, &w->node);
	do {
		uk_spin_release(&wq->lock);
		err = uk_thread_block(deadline, interruptible);
		uk_spin_acquire(&wq->lock);
		if (!uk_queue_linked(&w->node))
			return 0;
	} while (!err);
	uk_queue_remove(&wq->waiters, &w->node);
	return err;
}
