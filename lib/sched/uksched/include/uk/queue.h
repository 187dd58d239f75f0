/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intrusive queue: first in, first out, with removal from the middle; all operations O(1).
 *
 * A ring of nodes and a pointer to the first of them. In contrast to uk_list its head is one
 * pointer, and a zeroed head is an empty queue: what contains queues (a run queue with a
 * hundred levels, every wait queue and mutex) needs no initialisation. The caller does the locking;
 * without it uk_queue_empty() and uk_queue_linked() are a hint.
 */
#ifndef UK_QUEUE_H
#define UK_QUEUE_H

#include <uk/atomic.h>

struct uk_queue_node {
	struct uk_queue_node *next; /* NULL when in no queue */
	struct uk_queue_node *prev;
};

struct uk_queue {
	struct uk_queue_node *first;
};

static inline bool uk_queue_empty(const struct uk_queue *q)
{
	return !uk_shared_get(q->first);
}

static inline bool uk_queue_linked(const struct uk_queue_node *n)
{
	return uk_shared_get(n->next) != NULL;
}

/* Append. */
static inline void uk_queue_push(struct uk_queue *q, struct uk_queue_node *n)
{
	struct uk_queue_node *first = q->first;

	if (!first) {
		uk_shared_set(n->prev, n);
		uk_shared_set(n->next, n);
		uk_shared_set(q->first, n);
		return;
	}
	uk_shared_set(n->next, first);
	uk_shared_set(n->prev, first->prev);
	uk_shared_set(n->prev->next, n);
	uk_shared_set(first->prev, n);
}

/* Insert before all others. */
static inline void uk_queue_push_front(struct uk_queue *q, struct uk_queue_node *n)
{
	uk_queue_push(q, n); /* the end of a ring is also just before its beginning */
	uk_shared_set(q->first, n);
}

/* The node must be in this queue. */
static inline void uk_queue_remove(struct uk_queue *q, struct uk_queue_node *n)
{
	struct uk_queue_node *next = n->next, *prev = n->prev;

	uk_shared_set(n->next, NULL);
	if (next == n) {
		uk_shared_set(q->first, NULL);
		return;
	}
	uk_shared_set(prev->next, next);
	uk_shared_set(next->prev, prev);
	if (q->first == n)
		uk_shared_set(q->first, next);
}

/* The first node becomes the last. The queue must not be empty. */
static inline void uk_queue_rotate(struct uk_queue *q)
{
	uk_shared_set(q->first, q->first->next);
}

/* Remove and return the first node, or NULL. */
static inline struct uk_queue_node *uk_queue_pop(struct uk_queue *q)
{
	struct uk_queue_node *n = q->first;

	if (n)
		uk_queue_remove(q, n);
	return n;
}

#endif
