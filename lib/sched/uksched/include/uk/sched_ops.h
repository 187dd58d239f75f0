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
 *
 * With several CPUs each has a scheduler object of its own: a provider decides for one CPU, and common
 * code moves threads between them. Add, remove and spare may then be called on another CPU than
 * the one that it decides for.
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
	struct uk_thread *(*spare)(struct uk_sched *s, uint32_t cpu);
	int (*check_policy)(struct uk_sched *s, unsigned int policy, unsigned int prio);
};

/* The common head of every scheduler object; the provider's own state follows it. */
struct uk_sched {
	const struct uk_sched_ops *ops; /* NULL if there is a single provider */
	struct uk_spinlock lock;
	unsigned int nthreads;
	struct uk_list threads; /* all of them: uk_thread.all; with several CPUs: in CPU 0's */
#ifdef CONFIG_SMP
	uint32_t cpu;              /* that it decides for */
	uint32_t ready;            /* threads in the provider's set */
	struct uk_thread *running; /* on the CPU */
	uint8_t running_prio;      /* its priority, which others look at without a lock */
	struct uk_thread *idle;    /* runs there when the set is empty; never in it */
	struct uk_thread *leaving; /* has been running: uk_sched_part() */
	bool polling;              /* idle, and looks at `ready` by itself */
#endif
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

/*
 * With several CPUs: the thread that another one, `cpu`, had better run, out of those for which
 * uk_sched_may_give() is true; NULL: none. It stays in the set.
 */
struct uk_thread *uk_sched_spare(struct uk_sched *s, uint32_t cpu);

/* 0 if the scheduler can treat threads by this policy and priority, else -EINVAL. */
int uk_sched_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio);

/* ---- what uksched offers to providers ---- */

/* Initialise the common head. */
void uk_sched_init(struct uk_sched *s, const struct uk_sched_ops *ops);

/*
 * With several CPUs: if another one has fewer threads to run, gives it one. For a provider's tick; with s
 * locked, on the CPU that s decides for.
 */
#ifdef CONFIG_SMP
void uk_sched_balance(struct uk_sched *s);
#else
static inline void uk_sched_balance(struct uk_sched *s UK_UNUSED)
{
}
#endif

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
	struct uk_thread *lib##_spare(struct uk_sched *s, uint32_t cpu);                           \
	int lib##_check_policy(struct uk_sched *s, unsigned int policy, unsigned int prio);        \
	static const UK_UNUSED struct uk_sched_ops lib##_ops = {                                   \
		.add = lib##_add,                                                                  \
		.remove = lib##_remove,                                                            \
		.next = lib##_next,                                                                \
		.rotate = lib##_rotate,                                                            \
		.spare = lib##_spare,                                                              \
		.check_policy = lib##_check_policy,                                                \
	}

/* The thread that runs on the CPU that s decides for. With s locked. */
static inline struct uk_thread *uk_sched_running(const struct uk_sched *s UK_UNUSED)
{
#ifdef CONFIG_SMP
	return s->running;
#else
	return uk_thread_current();
#endif
}

/*
 * Is that this CPU? If not, no timer may be started for it: add() returns true instead, and the next()
 * that follows there does it. With interrupts masked.
 */
static inline bool uk_sched_is_here(const struct uk_sched *s UK_UNUSED)
{
#ifdef CONFIG_SMP
	return s->cpu == uk_cpu();
#else
	return true;
#endif
}

/* May `t` of the set of s be moved to CPU `cpu`? Not the one that runs. With s locked. */
static inline bool uk_sched_may_give(const struct uk_sched *s UK_UNUSED,
				     const struct uk_thread *t UK_UNUSED, uint32_t cpu UK_UNUSED)
{
#ifdef CONFIG_SMP
	return t != s->running && uk_cpuset_has(&t->cpus, cpu);
#else
	return false;
#endif
}

/*
 * Preempt the thread that is running on this CPU as soon as that is allowed: for a provider whose
 * timer finds that a slice is over. Any context.
 */
static inline void uk_sched_set_resched(void)
{
	uk_this_cpu_set(resched, 1);
}

#endif
