/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls through the operations struct; in the image only with more than one scheduler in it.
 */
#include <uk/sched_ops.h>

bool uk_sched_add(struct uk_sched *s, struct uk_thread *t)
{
	return s->ops->add(s, t);
}

void uk_sched_remove(struct uk_sched *s, struct uk_thread *t)
{
	s->ops->remove(s, t);
}

struct uk_thread *uk_sched_next(struct uk_sched *s)
{
	return s->ops->next(s);
}

struct uk_thread *uk_sched_rotate(struct uk_sched *s, struct uk_thread *t)
{
	return s->ops->rotate(s, t);
}

struct uk_thread *uk_sched_spare(struct uk_sched *s, uint32_t cpu)
{
	return s->ops->spare(s, cpu);
}

int uk_sched_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio)
{
	return s->ops->check_policy(s, policy, prio);
}
