/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls through the operations struct; in the image only with more than one scheduler in it.
 */
#include <uk/sched_ops.h>

bool uk_sched_enqueue(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why)
{
	return s->ops->enqueue(s, t, why);
}

void uk_sched_dequeue(struct uk_sched *s, struct uk_thread *t)
{
	s->ops->dequeue(s, t);
}

struct uk_thread *uk_sched_pick_next(struct uk_sched *s)
{
	return s->ops->pick_next(s);
}

int uk_sched_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio)
{
	return s->ops->check_policy(s, policy, prio);
}
