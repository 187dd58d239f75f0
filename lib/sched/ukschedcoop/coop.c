/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cooperative scheduler: ready threads stand in one queue; who comes last is served last.
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
	struct uk_queue ready; /* uk_thread.runq of all ready threads */
};

static inline struct uk_queue *ready_queue(struct uk_sched *s)
{
	return &UK_CONTAINER_OF(s, struct coop, sched)->ready;
}

bool ukschedcoop_enqueue(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why UK_UNUSED)
{
	uk_queue_push(ready_queue(s), &t->runq);
	return false; /* it waits its turn, whoever is running now */
}

void ukschedcoop_dequeue(struct uk_sched *s, struct uk_thread *t)
{
	uk_queue_remove(ready_queue(s), &t->runq);
}

struct uk_thread *ukschedcoop_pick_next(struct uk_sched *s)
{
	struct uk_queue_node *n = uk_queue_pop(ready_queue(s));

	return n ? UK_CONTAINER_OF(n, struct uk_thread, runq) : NULL;
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
