/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cooperative scheduler: runnable threads stand in a ring, and the turn goes round.
 *
 * This is the smallest scheduler that Whittle can have. The README of lib/sched walks through it;
 * start from a copy to write another. Everything that threads can do (block, sleep, join, wake
 * each other) is common code in uksched: all that is left to decide here is who is next.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/sched_ops.h>
#include <uk/schedcoop.h>

UK_SCHED_PROVIDER(ukschedcoop);

struct coop {
	struct uk_sched sched; /* common code holds a pointer to this */
	struct uk_queue ring;  /* uk_thread.runq; the first is the one that runs */
};

static inline struct uk_queue *ring_of(struct uk_sched *s)
{
	return &UK_CONTAINER_OF(s, struct coop, sched)->ring;
}

bool ukschedcoop_add(struct uk_sched *s, struct uk_thread *t)
{
	uk_queue_push(ring_of(s), &t->runq);
	return false; /* it waits its turn, whoever is running now */
}

void ukschedcoop_remove(struct uk_sched *s, struct uk_thread *t)
{
	uk_queue_remove(ring_of(s), &t->runq);
}

struct uk_thread *ukschedcoop_next(struct uk_sched *s)
{
	struct uk_queue_node *n = ring_of(s)->first;

	return n ? UK_CONTAINER_OF(n, struct uk_thread, runq) : NULL;
}

struct uk_thread *ukschedcoop_rotate(struct uk_sched *s, struct uk_thread *t)
{
	struct uk_queue_node *next = t->runq.next; /* t is the first */

	ring_of(s)->first = next;
	return UK_CONTAINER_OF(next, struct uk_thread, runq);
}

struct uk_thread *ukschedcoop_spare(struct uk_sched *s, uint32_t cpu)
{
	struct uk_queue_node *first = ring_of(s)->first, *n = first;

	do { /* the one that has waited longest, and may go there */
		struct uk_thread *t = UK_CONTAINER_OF(n, struct uk_thread, runq);

		if (uk_sched_may_give(s, t, cpu))
			return t;
		n = n->next;
	} while (n != first);
	return NULL;
}

int ukschedcoop_check_policy(struct uk_sched *s UK_UNUSED, unsigned int policy, unsigned int prio)
{
	return policy == UK_THREAD_OTHER && prio == 0 ? 0 : -EINVAL;
}

struct uk_sched *ukschedcoop_create(struct uk_alloc *a)
{
	struct coop *c = uk_alloc_calloc(a, 1, sizeof(*c));

	if (!c)
		return NULL;
	uk_sched_init(&c->sched, UK_OPS(&ukschedcoop_ops));
	return &c->sched;
}
