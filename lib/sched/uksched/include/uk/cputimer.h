/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers on CPU time: call a function when a thread, or all of them together, have run so long.
 *
 * Behind each stands an ordinary timer, which is started when its clock begins to run (the thread
 * gets the CPU; the CPU ends its idling) and stopped when the clock stands. So nothing ticks while
 * nobody runs. An image without such timers pays one look at a pointer where the CPU goes idle and,
 * with CONFIG_LIBUKSCHED_CPUTIME, in every switch.
 *
 * With several CPUs the clock of all runs faster than time, and a thread may run elsewhere: the ordinary
 * timer is then started for the earliest instant at which the clock can get there, looks, and is
 * started again. So it may look once in vain while all CPUs idle, and be late by some 20
 * microseconds times the number of CPUs.
 */
#ifndef UK_CPUTIMER_H
#define UK_CPUTIMER_H

#include <uk/timer.h>

struct uk_cputimer {
	/*
	 * Called once per start, by the rules of uk/timer.h, while what the clock counts runs. It may
	 * start the timer again, but not free it. Who starts or stops the timer waits until it has
	 * returned, if it runs on another CPU, and so holds no lock that it takes.
	 */
	void (*fn)(struct uk_cputimer *c);
	/*
	 * Whose time; NULL: that of all. A thread only with CONFIG_LIBUKSCHED_CPUTIME; when it is
	 * gone the timer is stopped, and may be started again with another clock only.
	 */
	struct uk_thread *thread;
	/* The library's own. */
	uk_nsec expiry; /* an instant on that clock */
	struct uk_timer timer;
	struct uk_cputimer *next; /* of the same clock */
	bool started;
	bool armed; /* `timer` is pending, or its function has not looked yet */
	bool in_fn;
};

UK_API_BEGIN

/*
 * What the clock of `thread` shows: the CPU time it has used; NULL: what all CPUs have not idled.
 * Threads, and functions of these timers; that of all: any context.
 */
uk_nsec uk_cputime(struct uk_thread *thread);

/*
 * Expire when the clock shows `expiry`, or as soon as it runs if that has passed. A timer that was
 * started is moved. UK_NSEC_MAX: never, which is a stop. All zero but for `fn` and `thread` is a
 * timer that was not started. Threads, and functions of these timers.
 */
void uk_cputimer_start(struct uk_cputimer *c, uk_nsec expiry);

UK_API_END

#endif
