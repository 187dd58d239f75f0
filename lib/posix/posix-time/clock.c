/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clocks: reading, resolution, setting.
 *
 * All clocks count nanoseconds, except the coarse wall clock, which is what files are stamped
 * with. CPU time of the process is what the machine
 * did not idle; that of threads is there if the scheduler counts it.
 */
#include <uk/cputimer.h>
#include <uk/sched.h>
#include "internal.h"

/* Clocks of other threads and processes: bits 0 to 2 are the kind, the rest the inverted id. */
#define CPU_CLOCK_PROCESS(id) (((id)&7) == 2)
#define CPU_CLOCK_THREAD(id)  (((id)&7) == 6)
#define CPU_CLOCK_ID(id)      (~((id) >> 3))

static uk_nsec process_time(void)
{
	return uk_cputime(NULL);
}

int posix_cpu_clock(int clock, int *tid)
{
	int id = CPU_CLOCK_ID(clock);

	*tid = 0;
	if (clock == UK_CLOCK_PROCESS_CPUTIME_ID)
		return 0;
	if (clock < 0 && CPU_CLOCK_PROCESS(clock))
		return id && id != uk_process_current()->pid ? -EINVAL : 0;
	if (clock != UK_CLOCK_THREAD_CPUTIME_ID && !(clock < 0 && CPU_CLOCK_THREAD(clock)))
		return -EINVAL;
	*tid = clock < 0 && id ? id : uk_task_current()->tid;
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	return 0;
#else
	return -EINVAL;
#endif
}

static int thread_time(int tid, uk_nsec *now)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	struct uk_process *p = uk_process_current();
	bool irq = uk_spin_lock_irq(&p->lock);
	struct uk_task *t = uk_task_find(p, tid);

	if (t)
		*now = uk_thread_cputime(t->thread);
	uk_spin_unlock_irq(&p->lock, irq);
	return t ? 0 : -EINVAL;
#else
	return -EINVAL;
#endif
}

static int read_cpu_clock(int clock, uk_nsec *now)
{
	int tid, rc = posix_cpu_clock(clock, &tid);

	if (rc)
		return rc;
	if (tid)
		return thread_time(tid, now);
	*now = process_time();
	return 0;
}

int posix_clock_read(int clock, uk_nsec *now)
{
	switch (clock) {
	case UK_CLOCK_REALTIME:
	case UK_CLOCK_TAI: /* nobody told the difference from UTC, as on Linux without NTP */
		*now = uk_clock_wall();
		return 0;
	case UK_CLOCK_REALTIME_COARSE:
		*now = uk_clock_wall_coarse();
		return 0;
	case UK_CLOCK_MONOTONIC:
	case UK_CLOCK_MONOTONIC_COARSE:
	case UK_CLOCK_MONOTONIC_RAW:
	case UK_CLOCK_BOOTTIME:
		*now = uk_clock_monotonic();
		return 0;
	}
	return read_cpu_clock(clock, now);
}

int posix_clock_deadline(int clock, bool absolute, uk_nsec time, uk_nsec *deadline)
{
	switch (clock) {
	case UK_CLOCK_REALTIME:
	case UK_CLOCK_TAI:
		*deadline = absolute ? uk_clock_from_wall(time) : uk_deadline(time);
		return 0;
	case UK_CLOCK_MONOTONIC:
	case UK_CLOCK_BOOTTIME:
		*deadline = absolute ? time : uk_deadline(time);
		return 0;
	}
	return -EINVAL;
}

UK_SYSCALL_LEAF(long, clock_gettime, int clock, struct uk_abi_timespec *ts)
{
	uk_nsec now;
	int rc = 0;

	if (UK_LIKELY(clock == UK_CLOCK_MONOTONIC))
		now = uk_clock_monotonic();
	else
		rc = posix_clock_read(clock, &now);
	return rc ? rc : uk_put_user(uk_abi_timespec(now), ts);
}

UK_SYSCALL_LEAF(long, clock_getres, int clock, struct uk_abi_timespec *ts)
{
	uk_nsec now, res = clock == UK_CLOCK_REALTIME_COARSE ? UK_CLOCK_COARSE_NSEC : 1;
	int rc = posix_clock_read(clock, &now);

	return rc || !ts ? rc : uk_put_user(uk_abi_timespec(res), ts);
}

static long set_wall(int64_t sec, int64_t part, int64_t per_sec)
{
	uk_nsec time;

	if (!uk_abi_time_nsec(sec, part, per_sec, &time))
		return -EINVAL;
	if (uk_process_current()->creds.euid)
		return -EPERM;
	uk_clock_wall_set(time);
	return 0;
}

UK_SYSCALL(long, clock_settime, int clock, const struct uk_abi_timespec *user)
{
	struct uk_abi_timespec ts;

	if (clock != UK_CLOCK_REALTIME)
		return -EINVAL;
	if (uk_get_user(&ts, user))
		return -EFAULT;
	return set_wall(ts.sec, ts.nsec, 1000000000);
}

/* The time zone is the C library's affair. */
struct timezone {
	int32_t minutes_west;
	int32_t dst;
};

/* Who asks often asks within the second of the answer before: a comparison instead of a division. */
static uint64_t whole_seconds(uk_nsec ns)
{
	static uint64_t last;
	uint64_t s = __atomic_load_n(&last, __ATOMIC_RELAXED);

	if (UK_UNLIKELY(ns - s * UK_NSEC_PER_SEC >= UK_NSEC_PER_SEC)) {
		s = ns / UK_NSEC_PER_SEC;
		__atomic_store_n(&last, s, __ATOMIC_RELAXED);
	}
	return s;
}

UK_SYSCALL_LEAF(long, gettimeofday, struct uk_abi_timeval *tv, struct timezone *tz)
{
	struct timezone utc = { 0, 0 };
	uk_nsec now = uk_clock_wall();
	uint64_t s = whole_seconds(now);
	struct uk_abi_timeval split = { (int64_t)s,
					(int64_t)((now - s * UK_NSEC_PER_SEC) / UK_NSEC_PER_US) };

	if ((tv && uk_put_user(split, tv)) || (tz && uk_put_user(utc, tz)))
		return -EFAULT;
	return 0;
}

UK_SYSCALL(long, settimeofday, const struct uk_abi_timeval *user, const struct timezone *tz)
{
	struct uk_abi_timeval tv;

	if (tz)
		return -EINVAL;
	if (uk_get_user(&tv, user))
		return -EFAULT;
	return set_wall(tv.sec, tv.usec, 1000000);
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL_LEAF(long, time, int64_t *user)
{
	int64_t now = (int64_t)(uk_clock_wall() / UK_NSEC_PER_SEC);

	return user && uk_put_user(now, user) ? -EFAULT : now;
}
#endif
