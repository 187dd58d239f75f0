/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers: call a function at an instant.
 *
 * Tickless: the platform's one-shot timer is programmed for the earliest deadline, and only when
 * that moves forward. A timer that is stopped leaves the hardware alone (most timeouts never
 * happen, and reprogramming can cost a VM exit): at worst one interrupt finds nothing due and
 * then switches the hardware off or to the next deadline.
 *
 * The caller owns the memory of a timer; starting and stopping never allocate. Pending timers of a
 * CPU form a pairing heap: start O(1), stop and expiry O(log n) amortised, earliest at once.
 */
#ifndef UK_TIMER_H
#define UK_TIMER_H

#include <uk/api.h>
#include <uk/atomic.h>
#include <uk/types.h>

struct uk_timer {
	uk_nsec deadline;
	void (*fn)(struct uk_timer *t);
	/* Pairing heap: the first of my children, my right sibling, my left one or parent. */
	struct uk_timer *child;
	struct uk_timer *next;
	struct uk_timer *prev; /* NULL when not pending: asked for without the lock as well */
	uint32_t cpu;          /* whose heap it is in; the same */
};

#define UK_TIMER_INIT(fn_)                                                                         \
	{                                                                                          \
		.fn = (fn_)                                                                        \
	}

static inline void uk_timer_init(struct uk_timer *t, void (*fn)(struct uk_timer *t))
{
	*t = (struct uk_timer)UK_TIMER_INIT(fn);
}

/* Started and neither expired nor stopped. Any context. */
static inline bool uk_timer_pending(const struct uk_timer *t)
{
	return uk_shared_get(t->prev) != NULL;
}

UK_API_BEGIN

/*
 * Call t->fn(t) at `deadline` (monotonic clock, or as soon as possible if that has passed) on this
 * CPU. A pending timer is moved. UK_NSEC_MAX: never, which is a stop. Any context.
 *
 * The function runs once per start, in interrupt context with interrupts masked: it may
 * wake threads and start or stop timers, this one included, and may free `t`. It may do no more.
 * Timers with equal deadlines expire in no particular order.
 */
void uk_timer_start(struct uk_timer *t, uk_nsec deadline);

/*
 * Afterwards the function does not run any more. True if it was still pending, false if it
 * has already run, or was not started. Any context.
 */
bool uk_timer_stop(struct uk_timer *t);

/* For the platform: its one-shot timer fired. Runs what is due. Interrupt context. */
void uk_timer_interrupt(void);

/* Before CPU `cpu` starts, with several. */
void uk_timer_cpu_init(uint32_t cpu);

/* The earliest pending deadline of this CPU, UK_NSEC_MAX if there is none. Any context. */
uk_nsec uk_timer_next(void);

UK_API_END

#endif
