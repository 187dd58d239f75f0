/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers, seen by their users: yield, and what boot and interrupt code call.
 *
 * A scheduler is an object that owns threads. It starts by itself (UK_INIT_SCHED): the code that
 * boots becomes its first thread, "main", and may block from then on. Threads are in
 * uk/thread.h; how to write a scheduler is in uk/sched_ops.h and the README of lib/sched.
 */
#ifndef UK_SCHED_H
#define UK_SCHED_H

#include <uk/api.h>
#include <uk/thread.h>

struct uk_alloc;

UK_API_BEGIN

/* Let the other ready threads that may run (of the same or a higher priority) go first. */
void uk_sched_yield(void);

/*
 * Switch to a better thread if one is ready and nothing forbids it; returns when the caller's thread
 * is next again, with interrupts masked if they were. Entry code calls it on return from an
 * interrupt to a thread if uk_percpu()->resched is set and preempt_off is not and irq_off was not,
 * having saved what C may clobber (vector registers too). By then irq_depth is 0 again, irq_off is
 * set, and the hardware is open: what arrives during the switch is noted, so that it puts no frames
 * on this stack; entry code looks at irq_pending afterwards.
 */
void uk_sched_preempt(void);

/* A scheduler of the menu's default provider; NULL if there is no memory. Thread context. */
struct uk_sched *uk_sched_create(struct uk_alloc *a);

/* How long this CPU has had nothing to run since boot. Any context. */
uk_nsec uk_sched_idle_time(void);

/* Threads of the calling thread's scheduler that have not been freed yet. Thread context. */
unsigned int uk_sched_thread_count(void);

UK_API_END

#endif
