/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time on CPUs that have a counter in common whose rate the machine tells (boot.h's boot_time()): treeclock.c.
 */
#ifndef PLAT_TREECLOCK_H
#define PLAT_TREECLOCK_H

#include <uk/plat/clock.h>
#include <uk/types.h>

void plat_clock_init(void);

/* Ticks of the counter at a moment of the monotonic clock, or a few more. */
uint64_t plat_clock_ticks(uk_nsec when);

/* What it asks for: how fast the counter runs; ends the boot if it is not told. */
uint32_t plat_time_hz(void);

/* The wall clock of the machine, slow to read; 0: it has none, and time begins in 1970. */
uk_nsec plat_rtc_now(void);

#endif
