/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The platform's clocks and its one-shot timer.
 */
#ifndef UK_PLAT_CLOCK_H
#define UK_PLAT_CLOCK_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/* Nanoseconds since boot; never goes back. Any context. */
uk_nsec uk_plat_clock_monotonic(void);

/* Nanoseconds since 1970-01-01 00:00 UTC; 0 if the platform has no such clock. Any context. */
uk_nsec uk_plat_clock_wall(void);

/*
 * What that clock showed a moment ago, at most 4 ms, for a few instructions. Never goes back, is
 * never ahead of uk_plat_clock_wall(). Any context.
 */
uk_nsec uk_plat_clock_wall_coarse(void);

/*
 * Programs this CPU's one-shot timer, replacing what was set: uk_timer_interrupt() will be called
 * in interrupt context at `deadline` on the monotonic clock. It may come early (the hardware's
 * range is limited; whoever is called looks at the clock and sets it again), never before having
 * been set. A deadline that has passed fires at once; UK_NSEC_MAX: off. Any context but
 * non-maskable, with interrupts masked.
 */
void uk_plat_timer_set(uk_nsec deadline);

UK_API_END

#endif
