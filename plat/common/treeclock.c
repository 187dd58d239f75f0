/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: the CPUs' common counter, and the machine's clock, read once, which from
 * then on advances with it.
 */
#include "boot.h"
#include "treeclock.h"

static uint64_t mult UK_RO_AFTER_INIT_ZERO; /* nanoseconds per tick, 32.32 fixed point */
static uint64_t start UK_RO_AFTER_INIT_ZERO;
static uint32_t hz UK_RO_AFTER_INIT_ZERO;

void plat_clock_init(void)
{
	hz = plat_time_hz();
	mult = (UK_NSEC_PER_SEC << 32) / hz;
	start = boot_time();
}

uk_nsec uk_plat_clock_monotonic(void)
{
	return (uk_nsec)((unsigned __int128)(boot_time() - start) * mult >> 32);
}

uint64_t plat_clock_ticks(uk_nsec when)
{
	uint64_t sec = when / UK_NSEC_PER_SEC, rest = when % UK_NSEC_PER_SEC;

	return start + sec * hz + rest * hz / UK_NSEC_PER_SEC + 1;
}

uk_nsec uk_plat_clock_wall(void)
{
	static uk_nsec
		boot_wall; /* the wall clock at monotonic time 0, which is 1970 without one */
	static bool asked;
	uk_nsec now = uk_plat_clock_monotonic();

	if (UK_UNLIKELY(!asked)) {
		boot_wall = plat_rtc_now();
		boot_wall -= boot_wall ? now : 0;
		asked = true;
	}
	return boot_wall + now;
}

/* To read the clock is as cheap. */
uk_nsec uk_plat_clock_wall_coarse(void)
{
	return uk_plat_clock_wall();
}
