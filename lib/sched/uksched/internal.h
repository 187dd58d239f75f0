/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of uksched share: the per-CPU state, and the switch.
 *
 * Locking: s->lock, taken with interrupts masked, protects the run queue and the states of all
 * threads of s. It is held across a switch: the thread that is switched to releases it.
 *
 * With several CPUs, each has its own s. A thread belongs to the one of the CPU on which it runs or
 * waits to run, or did so last. t->sched changes only with the lock of the old one held, and only
 * of a thread that does not run: so who has found a thread blocked, with its lock held, knows that it has
 * left its stack. Of two schedulers the second is only tried to lock, or the first released before.
 */
#ifndef UKSCHED_INTERNAL_H
#define UKSCHED_INTERNAL_H

#include <uk/config.h>
#include <uk/plat/clock.h>
#include <uk/sched.h>
#include <uk/sched_ops.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

struct uksched_cpu {
	struct uk_sched *sched; /* whose threads this CPU runs */
	struct uk_thread
		*dead; /* detached threads that have exited; the next is in uk_thread.arg */
	uk_nsec idle;  /* time with nothing to run */
#ifdef CONFIG_SMP
	/* For other CPUs to read: `idle`; or while it idles STANDS and the time that it was busy. */
	uint64_t clock;
	uint32_t in_vain; /* grows with each time that it looked for work and found none: cpus.c */
	uint32_t skip;    /* how often it will not look, but sleep at once */
#endif
	/*
	 * cputimer.c's, once there is such a timer: a switch; or idling begins (`to` is NULL) or ends
	 * (`from` is NULL). With the scheduler locked.
	 */
	void (*clocks_change)(struct uk_thread *from, struct uk_thread *to);
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_nsec since; /* the running thread's time is counted from here */
#endif
} UK_CPU_ALIGNED;

#define UKSCHED_CLOCK_STANDS (1ULL << 63)

extern struct uksched_cpu uksched_cpus[UK_CPUS];

/* Protects the timers on CPU time. Taken with the scheduler locked. */
extern struct uk_spinlock uksched_clocks;

/* This CPU's, with interrupts masked: a constant as long as there is one. */
/* Weak, because it is there only if a library wants it (uk/sched_idle.h). */
UK_API_BEGIN
void uk_sched_will_idle(void) UK_OPTIONAL;
UK_API_END

static inline struct uksched_cpu *uksched_cpu(void)
{
	return &uksched_cpus[uk_cpu()];
}

static inline struct uksched_cpu *uksched_cpu_of(const struct uk_sched *s UK_UNUSED)
{
#ifdef CONFIG_SMP
	return &uksched_cpus[s->cpu];
#else
	return &uksched_cpus[0];
#endif
}

/* Whose CPU time passes changes. Set once, by any CPU. */
static inline void uksched_clocks_change(struct uksched_cpu *cpu, struct uk_thread *from,
					 struct uk_thread *to)
{
	if (UK_UNLIKELY(uk_shared_get(cpu->clocks_change)))
		uk_shared_get(cpu->clocks_change)(from, to);
}

/* Locks the scheduler of t, which may be moved to another one until it is locked. */
static inline struct uk_sched *uksched_lock(const struct uk_thread *t)
{
#ifdef CONFIG_SMP
	for (;;) {
		struct uk_sched *s = UK_READ_ONCE(t->sched);

		uk_spin_acquire(&s->lock);
		if (UK_LIKELY(s == UK_READ_ONCE(t->sched)))
			return s;
		uk_spin_release(&s->lock);
	}
#else
	uk_spin_acquire(&t->sched->lock);
	return t->sched;
#endif
}

static inline struct uk_sched *uksched_lock_irq(const struct uk_thread *t, bool *irq)
{
	*irq = uk_irq_save();
	return uksched_lock(t);
}

/* Where the list of all threads is, and its lock. */
static inline struct uk_sched *uksched_home(struct uk_sched *s)
{
#ifdef CONFIG_SMP
	return uksched_cpus[0].sched;
#else
	return s;
#endif
}

/* Into the run queue, or out of it. With s locked. */
static inline bool uksched_add(struct uk_sched *s, struct uk_thread *t)
{
#ifdef CONFIG_SMP
	UK_WRITE_ONCE(s->ready, s->ready + 1);
#endif
	return uk_sched_add(s, t);
}

static inline void uksched_remove(struct uk_sched *s, struct uk_thread *t)
{
#ifdef CONFIG_SMP
	UK_WRITE_ONCE(s->ready, s->ready - 1);
#endif
	uk_sched_remove(s, t);
}

/* The CPU of s, which is locked, shall look for a better thread. */
static inline void uksched_kick(struct uk_sched *s UK_UNUSED)
{
#ifdef CONFIG_SMP
	if (s->cpu != uk_cpu()) {
		if (!s->polling)
			uk_smp_kick(s->cpu);
		return;
	}
#endif
	uk_sched_set_resched();
}

#ifdef CONFIG_LIBUKSCHED_CPUTIME
/* CPU time used by `t`. With its scheduler locked. */
static inline uk_nsec uksched_cputime(const struct uk_thread *t)
{
	const struct uksched_cpu *cpu = uksched_cpu_of(t->sched);

	if (t != uk_sched_running(t->sched))
		return t->cputime;
	return t->cputime + uk_plat_clock_monotonic() - cpu->idle - cpu->since;
}
#endif

/* Run `next`, if that is not the running thread. With its scheduler locked, and so it returns. */
void uksched_switch(struct uk_thread *next);

/*
 * Run the next thread; wait for one if there is none. The running thread has been removed from the
 * set of the runnable. With s locked; returns when the thread is next again, with its scheduler
 * locked: another one if it was moved.
 */
void uksched_leave(struct uk_sched *s);

/*
 * Make a blocked thread runnable; its uk_thread_block() returns `status`. With s, its scheduler,
 * locked; returns the one that is locked afterwards.
 */
struct uk_sched *uksched_ready(struct uk_sched *s, struct uk_thread *t, int status);

#ifdef CONFIG_SMP
/* Where the blocked thread t had better run: chosen by what is seen without a lock. */
struct uk_sched *uksched_place(const struct uk_thread *t);

/*
 * t, which does not run and is in no set, goes to scheduler d, or to a better one. With its own locked
 * as s; returns the one that it is in then, locked instead.
 */
struct uk_sched *uksched_go(struct uk_sched *s, struct uk_thread *t, struct uk_sched *d);

/* t was added to its scheduler, and would wait there. With that locked. */
void uksched_offer(const struct uk_thread *t);

/* The scheduler object and the idle thread of CPU `cpu`. 0, -ENOMEM. */
int uksched_cpu_init(uint32_t cpu);

/*
 * Takes a thread from another CPU for s, which has nothing to run and is locked. NULL: none; true in
 * *missed: there may be one, but its scheduler was locked.
 */
struct uk_thread *uksched_steal(struct uk_sched *s, bool *missed);
#endif

#endif
