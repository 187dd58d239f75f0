/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of uksched share: the per-CPU state, and the switch.
 *
 * Locking: s->lock, taken with interrupts masked, protects the run queue and the states of all
 * threads of s. It is held across a switch: the thread that is switched to releases it.
 */
#ifndef UKSCHED_INTERNAL_H
#define UKSCHED_INTERNAL_H

#include <uk/plat/clock.h>
#include <uk/sched.h>
#include <uk/sched_ops.h>

struct uksched_cpu {
	struct uk_sched *sched; /* whose threads this CPU runs */
	struct uk_thread
		*dead; /* detached threads that have exited; the next is in uk_thread.arg */
	uk_nsec idle;  /* time with nothing to run */
	/* cputimer.c's, once there is such a timer; with the scheduler locked. */
	void (*clocks_change)(struct uk_thread *from, struct uk_thread *to);
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_nsec since; /* the running thread's time is counted from here */
#endif
};

extern struct uksched_cpu uksched_boot_cpu;

/* This CPU's, with interrupts masked: a constant as long as there is one. */
static inline struct uksched_cpu *uksched_cpu(void)
{
	return &uksched_boot_cpu;
}

#ifdef CONFIG_LIBUKSCHED_CPUTIME
/* CPU time used by `t`. With its scheduler locked. */
static inline uk_nsec uksched_cputime(const struct uk_thread *t)
{
	const struct uksched_cpu *cpu = uksched_cpu();

	if (t != uk_thread_current())
		return t->cputime;
	return t->cputime + uk_plat_clock_monotonic() - cpu->idle - cpu->since;
}
#endif

/* Run `next`, if that is not the running thread. With its scheduler locked, and so it returns. */
void uksched_switch(struct uk_thread *next);

/*
 * Run the next thread; wait for one if there is none. The running thread has been removed from the
 * set of the runnable. With s locked; returns, with s locked, when the thread is next again.
 */
void uksched_leave(struct uk_sched *s);

/* Make a blocked thread runnable; its uk_thread_block() returns `status`. With s locked. */
void uksched_ready(struct uk_thread *t, int status);

#endif
