/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Switching preemption off and on: the cheapest way to keep other threads of this CPU out.
 *
 * Between uk_preempt_disable() and the matching uk_preempt_enable() the running thread keeps the
 * CPU: interrupts are still taken, but a thread that they wake waits. The sections nest. They
 * must not block. If a better thread became ready meanwhile, the outermost enable switches to it.
 *
 * With a cooperative scheduler nobody is ever preempted, and both compile to a compiler barrier
 * (with assertions on they still count, so that blocking inside a section is found).
 */
#ifndef UK_PREEMPT_H
#define UK_PREEMPT_H

#include <uk/config.h>
#include <uk/api.h>
#include <uk/lockdebug.h>
#include <uk/percpu.h>

UK_API_BEGIN

/*
 * What the outermost enable calls when a switch is due. The scheduler sets it when it starts, so
 * that code below the scheduler (allocators) can use these sections without depending on it.
 */
extern void (*uk_preempt_hook)(void);

UK_API_END

/*
 * Signals count them as well: a thread inside a section is not diverted into a handler. And page
 * faults: they may not take memory from others there. And other CPUs, who ask whether this one
 * is in a section (uk/rcu.h).
 */
#if defined(CONFIG_LIBUKSCHED_PREEMPT) || defined(CONFIG_LIBUKBASE_ASSERT) ||                      \
	defined(CONFIG_LIBPOSIX_SIGNAL) || defined(CONFIG_LIBUKVMEM) || defined(CONFIG_SMP) ||     \
	defined(UK_LOCK_DEBUG)
#define UK_PREEMPT_COUNTED 1
#endif

/* Any context. */
static inline void uk_preempt_disable(void)
{
#ifdef UK_PREEMPT_COUNTED
	uk_this_cpu_add(preempt_off, 1);
#endif
	UK_BARRIER();
}

/*
 * Switch now if a better thread is waiting and nothing forbids it. Any context. The unlock functions
 * of spin locks do it; code that masks interrupts by itself and wakes a thread meanwhile calls
 * it after uk_irq_restore(), or the switch waits for the next interrupt.
 */
static inline void uk_preempt_check(void)
{
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	if (UK_UNLIKELY(uk_this_cpu_get(resched)) && !uk_this_cpu_get(preempt_off) &&
	    !uk_this_cpu_get(irq_off) && !uk_this_cpu_get(irq_depth))
		uk_preempt_hook();
#endif
}

/* Any context. May switch to another thread. */
static inline void uk_preempt_enable(void)
{
	UK_BARRIER();
#ifdef UK_PREEMPT_COUNTED
	uk_this_cpu_add(preempt_off, -1);
#endif
	uk_preempt_check();
}

#endif
