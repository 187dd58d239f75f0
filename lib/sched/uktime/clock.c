/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clocks: the platform's, and a correction of the wall clock that lasts until the image ends.
 */
#include <uk/plat/clock.h>
#include <uk/time.h>

/* What uk_clock_wall_set() has added so far, modulo 2^64: it may stand for a negative number. */
static uk_nsec wall_correction;

uk_nsec uk_clock_monotonic(void)
{
	return uk_plat_clock_monotonic();
}

uk_nsec uk_clock_wall(void)
{
	return uk_plat_clock_wall() + wall_correction;
}

uk_nsec uk_clock_wall_coarse(void)
{
	return uk_plat_clock_wall_coarse() + wall_correction;
}

void uk_clock_wall_set(uk_nsec now)
{
	wall_correction = now - uk_plat_clock_wall();
}

uk_nsec uk_clock_from_wall(uk_nsec wall)
{
	uk_nsec now = uk_clock_monotonic();
	uk_nsec wall_now = uk_clock_wall();
	uk_nsec deadline;

	if (wall == UK_NSEC_MAX)
		return wall;
	if (wall >= wall_now)
		return __builtin_add_overflow(now, wall - wall_now, &deadline) ? UK_NSEC_MAX
									       : deadline;
	return wall_now - wall < now ? now - (wall_now - wall) : 0;
}
