/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cooperative scheduler: first come, first served, nobody is preempted.
 */
#ifndef UK_SCHEDCOOP_H
#define UK_SCHEDCOOP_H

#include <uk/sched.h>

UK_API_BEGIN

/* A new one; NULL if there is no memory. It has UK_THREAD_OTHER with priority 0 only. */
struct uk_sched *ukschedcoop_create(struct uk_alloc *a);

UK_API_END

#endif
