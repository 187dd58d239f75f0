/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of uksched share: the per-CPU state, and the switch.
 *
 * Locking: s->lock, taken with interrupts masked, protects the run queue and the states of all
 * threads of s. It is held across a switch: the thread that is switched to releases it.
 */
#ifndef UKSCHED_INTERNAL_H
#define UKSCHED_INTERNAL_H

#include <uk/sched.h>
#include <uk/sched_ops.h>

struct uksched_cpu {
	struct uk_sched *sched; /* whose threads this CPU runs */
	uintptr_t tp;           /* the application's thread pointer as loaded */
	struct uk_queue dead;   /* detached threads that have exited, by uk_thread.runq */
	uk_nsec idle;           /* time with nothing to run */
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

/*
 * Run the next thread. `prev`, the running one, has been put where it belongs (a queue, or
 * none). With s locked; returns, with s locked, when prev has been chosen again.
 */
void uksched_switch(struct uk_sched *s, struct uk_thread *prev);

/* Make a blocked thread ready; its uk_thread_block() returns `status`. With its scheduler locked. */
void uksched_ready(struct uk_thread *t, int status);

#endif
