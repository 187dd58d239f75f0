/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a library wants to do when a CPU has nothing else to do: it defines this function.
 */
#ifndef UK_SCHED_IDLE_H
#define UK_SCHED_IDLE_H

#include <uk/api.h>

UK_API_BEGIN

/*
 * A CPU has nothing to run, and is about to wait for an interrupt. With interrupts masked and nobody to switch
 * to: short, and it wakes nobody. At most one library of an image defines it.
 */
void uk_sched_will_idle(void);

UK_API_END

#endif
