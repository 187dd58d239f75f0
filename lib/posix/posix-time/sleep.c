/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping: until a deadline, or a signal's handler has run.
 */
#include <uk/thread.h>
#include "internal.h"

static long sleep_on(int clock, bool absolute, const struct uk_abi_timespec *user,
		     struct uk_abi_timespec *rest)
{
	struct uk_abi_timespec ts;
	uk_nsec time, deadline, now;
	long rc;

	if (uk_get_user(&ts, user))
		return -EFAULT;
	if (!uk_abi_timespec_nsec(&ts, &time))
		return -EINVAL;
	rc = posix_clock_deadline(clock, absolute, time, &deadline);
	if (rc)
		return rc;
	do
		rc = uk_sleep_until(deadline);
	while (rc == -EINTR && uk_syscall_wait_again());
	if (rc == -EINTR && !absolute && rest) {
		now = uk_clock_monotonic();
		if (uk_put_user(uk_abi_timespec(deadline > now ? deadline - now : 0), rest))
			return -EFAULT;
	}
	return rc;
}

UK_SYSCALL(long, clock_nanosleep, int clock, int flags, const struct uk_abi_timespec *time,
	   struct uk_abi_timespec *rest)
{
	if (clock == UK_CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	return sleep_on(clock, flags & UK_TIMER_ABSTIME, time, rest);
}

UK_SYSCALL(long, nanosleep, const struct uk_abi_timespec *time, struct uk_abi_timespec *rest)
{
	return sleep_on(UK_CLOCK_MONOTONIC, false, time, rest);
}
