/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two clocks.
 *
 * Monotonic: nanoseconds since boot; never jumps, never goes back; all deadlines inside the kernel
 * are instants on it. Wall: nanoseconds since 1970-01-01 00:00 UTC; it is the platform's wall clock
 * plus a correction that uk_clock_wall_set() makes.
 */
#ifndef UK_TIME_H
#define UK_TIME_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/* Any context. */
uk_nsec uk_clock_monotonic(void);

/* Any context. */
uk_nsec uk_clock_wall(void);

/*
 * The wall clock as of up to UK_CLOCK_COARSE_NSEC ago, at a fraction of the cost: for time stamps.
 * Never goes back. Any context.
 */
#define UK_CLOCK_COARSE_NSEC (4 * UK_NSEC_PER_MS)
uk_nsec uk_clock_wall_coarse(void);

/* Set the wall clock. Deadlines already converted from it do not move. Thread context. */
void uk_clock_wall_set(uk_nsec now);

/*
 * The monotonic instant at which the wall clock will show `wall`: turns an absolute CLOCK_REALTIME
 * deadline into one that the kernel waits for. 0 if that is before boot; UK_NSEC_MAX stays
 * UK_NSEC_MAX. Any context.
 */
uk_nsec uk_clock_from_wall(uk_nsec wall);

UK_API_END

/* The instant `span` from now; UK_NSEC_MAX (never) if that is beyond the end of time. */
static inline uk_nsec uk_deadline(uk_nsec span)
{
	uk_nsec d;

	return __builtin_add_overflow(uk_clock_monotonic(), span, &d) ? UK_NSEC_MAX : d;
}

#endif
