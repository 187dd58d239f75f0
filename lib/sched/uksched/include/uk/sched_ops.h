/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers, seen by their providers: which thread is next, and nothing else.
 *
 * Threads, states, switching, blocking, deadlines, join, idle and preemption points are common code
 * in uksched. A provider keeps the ready threads (all but the running one) in an order of its
 * own. It embeds struct uk_sched as the first member of its object and has for its own use, in every
 * thread, the fields runq, ticks, prio and policy.
 *
 * Every operation is called with the scheduler locked and interrupts masked; none may block,
 * allocate (except create) or call back into uksched, except as the comments say.
 */
#ifndef UK_SCHED_OPS_H
#define UK_SCHED_OPS_H

#include <uk/api.h>
#include <uk/list.h>
#include <uk/provider.h>
#include <uk/sched.h>
#include <uk/spinlock.h>

/* Why a thread becomes ready. */
enum uk_sched_why {
	UK_SCHED_WOKEN,     /* it was blocked, or is new */
	UK_SCHED_YIELDED,   /* it ran and lets others go first */
	UK_SCHED_PREEMPTED, /* it ran and uk_percpu()->resched made it stop */
};

/* What a provider defines; UK_SCHED_PROVIDER() fills it in. */
struct uk_sched_ops {
	bool (*enqueue)(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why);
	void (*dequeue)(struct uk_sched *s, struct uk_thread *t);
	struct uk_thread *(*pick_next)(struct uk_sched *s);
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
 * `t`, which is not the running thread any more or never was, is ready. True if it should run
 * before the thread that is running now: common code then preempts that one soon. A cooperative
 * scheduler always returns false.
 */
bool uk_sched_enqueue(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why);

/* Take the ready thread `t` out of the run queue: its priority is about to change. */
void uk_sched_dequeue(struct uk_sched *s, struct uk_thread *t);

/* Remove and return the thread to run next on this CPU, or NULL if none is ready. */
struct uk_thread *uk_sched_pick_next(struct uk_sched *s);

/* 0 if the scheduler can treat threads by this policy and priority, else -EINVAL. */
int uk_sched_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio);

/* ---- what uksched offers to providers ---- */

/* Initialise the common head. */
void uk_sched_init(struct uk_sched *s, const struct uk_sched_ops *ops);

UK_API_END

/*
 * In a provider's source: declares its four functions and <library>_ops, for uk_sched_init(). (If
 * it is the only provider of an image, the build gives the functions the names above instead.)
 */
#define UK_SCHED_PROVIDER(lib)                                                             \
	bool lib##_enqueue(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why); \
	void lib##_dequeue(struct uk_sched *s, struct uk_thread *t);                       \
	struct uk_thread *lib##_pick_next(struct uk_sched *s);                             \
	int lib##_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio); \
	static const UK_UNUSED struct uk_sched_ops lib##_ops = {                           \
		.enqueue = lib##_enqueue,                                                  \
		.dequeue = lib##_dequeue,                                                  \
		.pick_next = lib##_pick_next,                                              \
		.check_policy = lib##_check_policy,                                        \
	}

/*
 * Preempt the thread that is running on this CPU as soon as that is allowed: for a provider whose
 * timer finds that the slice is over. Any context.
 */
static inline void uk_sched_set_resched(void)
{
	uk_percpu()->resched = 1;
}

#endif
