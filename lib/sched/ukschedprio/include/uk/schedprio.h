/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preemptive scheduler: fixed priorities, time slices among equals.
 */
#ifndef UK_SCHEDPRIO_H
#define UK_SCHEDPRIO_H

#include <uk/sched.h>

UK_API_BEGIN

/*
 * A new one; NULL if there is no memory. UK_THREAD_OTHER has priority 0, UK_THREAD_FIFO and
 * UK_THREAD_RR have 1 to UK_THREAD_PRIO_MAX; a larger number is more urgent.
 */
struct uk_sched *ukschedprio_create(struct uk_alloc *a);

UK_API_END

#endif
