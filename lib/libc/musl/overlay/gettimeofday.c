/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handler itself, not clock_gettime() and a division: servers ask for the time with every request.
 */
#include <sys/time.h>

extern long handler(struct timeval *tv, void *tz) __asm__("uk_sys_gettimeofday");

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	if (tv)
		handler(tv, 0);
	return 0;
}
