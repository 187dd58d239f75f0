/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times as the system calls carry them (Linux linux/time.h, 64-bit), and their conversion to and
 * from nanoseconds.
 */
#ifndef UK_ABI_TIME_H
#define UK_ABI_TIME_H

#include <uk/types.h>

#define UK_CLOCK_REALTIME           0
#define UK_CLOCK_MONOTONIC          1
#define UK_CLOCK_PROCESS_CPUTIME_ID 2
#define UK_CLOCK_THREAD_CPUTIME_ID  3
#define UK_CLOCK_MONOTONIC_RAW      4
#define UK_CLOCK_REALTIME_COARSE    5
#define UK_CLOCK_MONOTONIC_COARSE   6
#define UK_CLOCK_BOOTTIME           7
#define UK_CLOCK_TAI                11

#define UK_TIMER_ABSTIME 1

struct uk_abi_timespec {
	int64_t sec;
	int64_t nsec;
};

struct uk_abi_timeval {
	int64_t sec;
	int64_t usec;
};

struct uk_abi_itimerspec {
	struct uk_abi_timespec interval, value;
};

struct uk_abi_itimerval {
	struct uk_abi_timeval interval, value;
};

/*
 * Nanoseconds of a time, at most UK_NSEC_MAX - 1, so that a time never means "no timeout". False if
 * it is not valid: negative, or a part of a second that is none.
 */
static inline bool uk_abi_time_nsec(int64_t sec, int64_t part, int64_t per_sec, uk_nsec *nsec)
{
	if (sec < 0 || (uint64_t)part >= (uint64_t)per_sec)
		return false;
	if ((uint64_t)sec >= UK_NSEC_MAX / UK_NSEC_PER_SEC)
		*nsec = UK_NSEC_MAX - 1;
	else
		*nsec = (uk_nsec)sec * UK_NSEC_PER_SEC +
			(uk_nsec)part * (UK_NSEC_PER_SEC / (uk_nsec)per_sec);
	return true;
}

static inline bool uk_abi_timespec_nsec(const struct uk_abi_timespec *t, uk_nsec *nsec)
{
	return uk_abi_time_nsec(t->sec, t->nsec, 1000000000, nsec);
}

static inline bool uk_abi_timeval_nsec(const struct uk_abi_timeval *t, uk_nsec *nsec)
{
	return uk_abi_time_nsec(t->sec, t->usec, 1000000, nsec);
}

static inline struct uk_abi_timespec uk_abi_timespec(uk_nsec t)
{
	return (struct uk_abi_timespec){ (int64_t)(t / UK_NSEC_PER_SEC),
					 (int64_t)(t % UK_NSEC_PER_SEC) };
}

static inline struct uk_abi_timeval uk_abi_timeval(uk_nsec t)
{
	return (struct uk_abi_timeval){ (int64_t)(t / UK_NSEC_PER_SEC),
					(int64_t)(t % UK_NSEC_PER_SEC / UK_NSEC_PER_US) };
}

#endif
