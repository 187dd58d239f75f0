/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock of the day: Xen says when it was at the time at which our counter began, to a second, if the control domain has told Xen
 * (public/xen.h, wc_sec; xen/arch/arm/vtimer.c).
 */
#include <uk/arch/cpu.h>
#include <uk/plat/clock.h>

#include "machine.h"
#include "treeclock.h"
#include "xen.h"

uint64_t xen_time(void)
{
	return uk_plat_clock_monotonic();
}

uk_nsec plat_rtc_now(void)
{
	const volatile struct shared_info *s = xen_shared;
	uint64_t sec, nsec, ticks = arm_time(), hz = plat_time_hz();
	uint32_t version;

	do {
		version = s->wc_version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		sec = (uint64_t)s->wc_sec_hi << 32 | s->wc_sec;
		nsec = s->wc_nsec;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != s->wc_version);
	/* The control domain's is the machine's. */
	if (!sec)
		return arm_rtc_now();
	return (sec + ticks / hz) * UK_NSEC_PER_SEC + nsec + ticks % hz * UK_NSEC_PER_SEC / hz;
}
