/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers, seen by their providers: which thread is next, and nothing else.
 *
 * A provider keeps the set of runnable threads, the running one among them, in an order of its own.
 * Threads, states, switching, blocking, deadlines, join, idle and preemption points are common
 * code in uksched. A provider embeds struct uk_sched as the first member of its object and has for
 * its own use, in every thread, the fields runq, ticks, prio and policy.
 *
 * Every operation is called with the scheduler locked and interrupts masked, takes constant or
 * logarithmic time, and may not block, allocate (except create) or call back into uksched.
 */
#ifndef UK_SCHED_OPS_H
#define UK_SCHED_OPS_H

#include <uk/api.h>
#include <uk/list.h>
#include <uk/provider.h>
#include <uk/sched.h>
#include <uk/spinlock.h>

/* What a provider defines; UK_SCHED_PROVIDER() fills it in. */
struct uk_sched_ops {
	bool (*add)(struct uk_sched *s, struct uk_thread *t);
	void (*remove)(struct uk_sched *s, struct uk_thread *t);
	struct uk_thread *(*next)(struct uk_sched *s);
	struct uk_thread *(*rotate)(struct uk_sched *s, struct uk_thread *t);
	int (*check_policy)(struct uk_sched *s, unsigned int policy, unsigned int prio);
};

/* The common head of every scheduler object; the provider's own state follows it. */
struct uk_sched {
	const struct uk_sched_ops *ops; /* NULL if there is a single provider */
	struct uk_spinlock lock;
	unsigned int nthreads;
	struct uk_list threads; /* all of them: uk_thread.all */
};

UK_API_BEGIN

/* ---- what a provider implements, as <library>_<operation> ---- */

/*
 * `t` has become runnable. True if it should run before the thread that is running now: common
 * code then preempts that one soon. A cooperative scheduler always returns false.
 */
bool uk_sched_add(struct uk_sched *s, struct uk_thread *t);

/* `t`, running or not, is not runnable any more, or its priority is about to change. */
void uk_sched_remove(struct uk_sched *s, struct uk_thread *t);

/*
 * The thread that should run on this CPU now, which may be the running one; NULL if none is
 * runnable. It stays in the set.
 */
struct uk_thread *uk_sched_next(struct uk_sched *s);

/* `t`, the running thread, goes behind its equals. Returns uk_sched_next(). */
struct uk_thread *uk_sched_rotate(struct uk_sched *s, struct uk_thread *t);

/* 0 if the scheduler can treat threads by this policy and priority, else -EINVAL. */
int uk_sched_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio);

/* ---- what uksched offers to providers ---- */

/* Initialise the common head. */
void uk_sched_init(struct uk_sched *s, const struct uk_sched_ops *ops);

UK_API_END

/*
 * In a provider's source: declares its functions and <library>_ops, for uk_sched_init(). (If it is
 * the only provider of an image, the build gives the functions the names above instead.)
 */
#define UK_SCHED_PROVIDER(lib)                                                                     \
	bool lib##_add(struct uk_sched *s, struct uk_thread *t);                                   \
	void lib##_remove(struct uk_sched *s, struct uk_thread *t);                                \
	struct uk_thread *lib##_next(struct uk_sched *s);                                          \
	struct uk_thread *lib##_rotate(struct uk_sched *s, struct uk_thread *t);                   \
	int lib##_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio);        \
	static const UK_UNUSED struct uk_sched_ops lib##_ops = {                                   \
		.add = lib##_add,                                                                  \
		.remove = lib##_remove,                                                            \
		.next = lib##_next,                                                                \
		.rotate = lib##_rotate,                                                            \
		.check_policy = lib##_check_policy,                                                \
	}

/*
 * Preempt the thread that is running on this CPU as soon as that is allowed: for a provider whose
 * timer finds that a slice is over. Any context.
 */
static inline void uk_sched_set_resched(void)
{
	uk_percpu()->resched = 1;
}

#endif
