/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks, sleeping, interval timers, timers of the process, timers as files. */
#include <uk/abi/signal.h>
#include <uk/abi/time.h>
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/syscall_legacy.h>
#include <uk/test.h>
#include <uk/time.h>

#define MS 1000000L

static struct uk_abi_timespec ms(long n)
{
	return (struct uk_abi_timespec){ n / 1000, n % 1000 * MS };
}

static int64_t read_clock(int clock)
{
	struct uk_abi_timespec ts = { -1, 0 };

	uk_sys_clock_gettime(clock, (long)&ts);
	return ts.sec * 1000000000 + ts.nsec;
}

UK_TEST(posix_time, clocks)
{
	struct uk_abi_timespec ts;
	struct uk_abi_timeval tv;
	int64_t a = read_clock(UK_CLOCK_MONOTONIC), b = read_clock(UK_CLOCK_BOOTTIME);

	UK_EXPECT_GE(b, a);
	UK_EXPECT_GE(read_clock(UK_CLOCK_MONOTONIC), b);
	UK_EXPECT_GT(read_clock(UK_CLOCK_PROCESS_CPUTIME_ID), 0L);
	UK_EXPECT_EQ(uk_sys_gettimeofday((long)&tv, 0), 0L);
	UK_EXPECT_LE(tv.sec - read_clock(UK_CLOCK_REALTIME) / 1000000000, 1L);
	UK_EXPECT_EQ(uk_sys_clock_getres(UK_CLOCK_REALTIME, (long)&ts), 0L);
	UK_EXPECT_EQ(ts.sec, 0L);
	UK_EXPECT_EQ(uk_sys_clock_gettime(99, (long)&ts), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_clock_gettime(0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_clock_settime(UK_CLOCK_MONOTONIC, (long)&ts), (long)-EINVAL);
}

/* A little behind, never ahead, and never going back. */
UK_TEST(posix_time, coarse_clock)
{
	struct uk_abi_timespec res;
	int64_t start = read_clock(UK_CLOCK_REALTIME), fine, last = 0;

	UK_EXPECT_EQ(uk_sys_clock_getres(UK_CLOCK_REALTIME_COARSE, (long)&res), 0L);
	UK_EXPECT_EQ(res.nsec, (long)UK_CLOCK_COARSE_NSEC);
	/* The machine may stop us between any two looks: go on until it has moved. */
	do {
		int64_t coarse = read_clock(UK_CLOCK_REALTIME_COARSE);

		fine = read_clock(UK_CLOCK_REALTIME);
		UK_REQUIRE(coarse <= fine);
		UK_REQUIRE(coarse >= last);
		last = coarse;
	} while (fine - start < 20 * MS || (last <= start && fine - start < 10000 * MS));
	UK_EXPECT_GT(last, start);
}

UK_TEST(posix_time, setting_the_wall_clock)
{
	struct uk_abi_timespec was, want = { 1000000000, 5 };
	struct uk_abi_timeval tv;

	uk_sys_gettimeofday((long)&tv, 0); /* of a later second than the next */
	uk_sys_clock_gettime(UK_CLOCK_REALTIME, (long)&was);
	UK_EXPECT_EQ(uk_sys_clock_settime(UK_CLOCK_REALTIME, (long)&want), 0L);
	UK_EXPECT_EQ(read_clock(UK_CLOCK_REALTIME) / 1000000000, 1000000000L);
	UK_EXPECT_EQ(uk_sys_gettimeofday((long)&tv, 0), 0L);
	UK_EXPECT_EQ(tv.sec, 1000000000L);
	UK_EXPECT_LT(tv.usec, 1000000L);
	want.nsec = 1000000000;
	UK_EXPECT_EQ(uk_sys_clock_settime(UK_CLOCK_REALTIME, (long)&want), (long)-EINVAL);
	uk_sys_clock_settime(UK_CLOCK_REALTIME, (long)&was);
}

UK_TEST(posix_time, sleeping)
{
	struct uk_abi_timespec ts = ms(5), bad = { -1, 0 };
	int64_t start = read_clock(UK_CLOCK_MONOTONIC), end;

	UK_EXPECT_EQ(uk_sys_nanosleep((long)&ts, 0), 0L);
	UK_EXPECT_GE(read_clock(UK_CLOCK_MONOTONIC) - start, 5 * MS);
	start = read_clock(UK_CLOCK_REALTIME);
	end = start + 5 * MS;
	ts = (struct uk_abi_timespec){ end / 1000000000, end % 1000000000 };
	UK_EXPECT_EQ(uk_sys_clock_nanosleep(UK_CLOCK_REALTIME, UK_TIMER_ABSTIME, (long)&ts, 0), 0L);
	UK_EXPECT_GE(read_clock(UK_CLOCK_REALTIME), end);
	/* Long ago. */
	UK_EXPECT_EQ(uk_sys_clock_nanosleep(UK_CLOCK_REALTIME, UK_TIMER_ABSTIME, (long)&ts, 0), 0L);
	UK_EXPECT_EQ(uk_sys_nanosleep((long)&bad, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_nanosleep(0, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_clock_nanosleep(UK_CLOCK_THREAD_CPUTIME_ID, 0, (long)&ts, 0),
		     (long)-EINVAL);
}

#ifdef CONFIG_LIBPOSIX_SIGNAL
static volatile int calls, overruns;
static volatile uint64_t value;

static void note(int sig, struct uk_abi_siginfo *info, void *uc)
{
	calls++;
	value = info->value;
	overruns = (int)info->uid;
}

static void catch (int sig)
{
	struct uk_abi_sigaction sa = { .handler = (uintptr_t)note, .flags = UK_SA_SIGINFO };

	calls = 0;
	uk_sys_rt_sigaction(sig, (long)&sa, 0, 8);
}

UK_TEST(posix_time, itimer)
{
	struct uk_abi_itimerval it = { { 0, 3000 }, { 0, 3000 } }, off = { 0 }, left;

	catch (UK_SIGALRM);
	UK_EXPECT_EQ(uk_sys_setitimer(0, (long)&it, 0), 0L);
	while (calls < 3)
		uk_sys_pause();
	UK_EXPECT_EQ(uk_sys_getitimer(0, (long)&left), 0L);
	UK_EXPECT_EQ(left.interval.usec, 3000L);
	UK_EXPECT_GT(left.value.usec, -1L);
	UK_EXPECT_EQ(uk_sys_setitimer(0, (long)&off, (long)&left), 0L);
	UK_EXPECT_EQ(left.interval.usec, 3000L);
	UK_EXPECT_EQ(uk_sys_alarm(10), 0L);
	UK_EXPECT_EQ(uk_sys_alarm(0), 10L);
	UK_EXPECT_EQ(uk_sys_setitimer(3, (long)&it, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_getitimer(-1, (long)&left), (long)-EINVAL);
}

/* Both count the same here. */
UK_TEST(posix_time, itimers_of_cpu_time)
{
	static const int sigs[] = { 0, UK_SIGVTALRM, UK_SIGPROF };

	for (int which = 1; which <= 2; which++) {
		struct uk_abi_itimerval it = { { 0, 10000 }, { 0, 20000 } }, off = { 0 }, left;
		struct uk_abi_timespec ts = ms(50);
		int64_t start = read_clock(UK_CLOCK_PROCESS_CPUTIME_ID), us;
		unsigned turns = 0;

		catch (sigs[which]);
		UK_EXPECT_EQ(uk_sys_setitimer(which, (long)&it, 0), 0L);
		while (calls < 3)
			UK_REQUIRE(read_clock(UK_CLOCK_PROCESS_CPUTIME_ID) < start + 10000 * MS);
		UK_EXPECT_GE(read_clock(UK_CLOCK_PROCESS_CPUTIME_ID), start + 40 * MS);
		/* Nobody uses the CPU, but a busy host may take it from us before we sleep, or once we are awake: not each time. */
		it.value.sec = 100;
		do {
			UK_EXPECT_EQ(uk_sys_setitimer(which, (long)&it, (long)&left), 0L);
			UK_EXPECT_EQ(left.interval.usec, 10000L);
			UK_EXPECT_EQ(uk_sys_nanosleep((long)&ts, 0), 0L);
			UK_EXPECT_EQ(uk_sys_getitimer(which, (long)&left), 0L);
			UK_EXPECT_LE(left.value.sec, 100L);
			us = left.value.sec * 1000000 + left.value.usec;
		} while (us < 100020000 - 30000 && ++turns < 10);
		UK_EXPECT_GE(us, 100020000L - 30000);
		UK_EXPECT_EQ(uk_sys_setitimer(which, (long)&off, 0), 0L);
		UK_EXPECT_EQ(uk_sys_getitimer(which, (long)&left), 0L);
		UK_EXPECT_EQ(left.value.sec + left.value.usec, 0L);
	}
}

struct sigevent {
	uint64_t value;
	int32_t signo, notify, tid, pad[11];
};

UK_TEST(posix_time, timer_with_overruns)
{
	struct sigevent ev = { .value = 77, .signo = UK_SIGRTMIN + 3, .notify = 0 };
	/* Long enough that a busy machine does not slip another expiry between the last lines. */
	struct uk_abi_itimerspec it = { ms(20), ms(20) }, got;
	uint64_t set = 1ULL << (UK_SIGRTMIN + 2);
	struct uk_abi_timespec ts = ms(150);
	int32_t id = -1;

	catch (UK_SIGRTMIN + 3);
	UK_REQUIRE(uk_sys_timer_create(UK_CLOCK_MONOTONIC, (long)&ev, (long)&id) == 0);
	uk_sys_rt_sigprocmask(UK_SIG_BLOCK, (long)&set, 0, 8);
	UK_EXPECT_EQ(uk_sys_timer_settime(id, 0, (long)&it, 0), 0L);
	uk_sys_nanosleep((long)&ts, 0);
	/*
	 * 1 ns are left of a time that has come, until the timer's CPU, which the host may hold up, has counted it. And there is to
	 * be time for the next lines before the next expiry.
	 */
	do
		UK_REQUIRE(uk_sys_timer_gettime(id, (long)&got) == 0);
	while (!got.value.sec && got.value.nsec < 10 * MS);
	UK_EXPECT_EQ(got.interval.nsec, 20 * MS);
	uk_sys_rt_sigprocmask(UK_SIG_UNBLOCK, (long)&set, 0, 8);
	UK_EXPECT_EQ(calls, 1);
	UK_EXPECT_EQ(value, 77UL);
	UK_EXPECT_GE(overruns, 6); /* 7 expiries, and one more if the machine is held up */
	UK_EXPECT_EQ(uk_sys_timer_getoverrun(id), (long)overruns);
	UK_EXPECT_EQ(uk_sys_timer_delete(id), 0L);
	UK_EXPECT_EQ(uk_sys_timer_delete(id), (long)-EINVAL);
	ev.notify = 4, ev.tid = 12345;
	UK_EXPECT_EQ(uk_sys_timer_create(0, (long)&ev, (long)&id), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_timer_create(99, 0, (long)&id), (long)-EINVAL);
}

static void counts_cpu_time(int clock)
{
	struct sigevent ev = {
		.value = 5, .signo = UK_SIGUSR1, .notify = 4, .tid = (int)uk_sys_gettid()
	};
	struct uk_abi_itimerspec it = { ms(5), ms(10) }, got;
	int64_t start = read_clock(clock);
	int32_t id = -1;

	catch (UK_SIGUSR1);
	value = 0;
	UK_REQUIRE(uk_sys_timer_create(clock, (long)&ev, (long)&id) == 0);
	UK_EXPECT_EQ(uk_sys_timer_settime(id, 0, (long)&it, 0), 0L);
	while (calls < 3)
		UK_REQUIRE(read_clock(clock) < start + 10000 * MS);
	UK_EXPECT_GE(read_clock(clock), start + 20 * MS);
	UK_EXPECT_EQ(value, 5UL);
	UK_EXPECT_EQ(uk_sys_timer_gettime(id, (long)&got), 0L);
	UK_EXPECT_EQ(got.interval.nsec, 5 * MS);
	/* Absolute, and long ago. The one before is stopped first: what it sends while we are held up is not the new one's signal. */
	it = (struct uk_abi_itimerspec){ { 0, 0 }, { 0, 0 } };
	UK_EXPECT_EQ(uk_sys_timer_settime(id, 0, (long)&it, 0), 0L);
	it = (struct uk_abi_itimerspec){ { 0, 0 }, { 0, 1 } };
	calls = 0;
	UK_EXPECT_EQ(uk_sys_timer_settime(id, UK_TIMER_ABSTIME, (long)&it, 0), 0L);
	while (!calls)
		UK_REQUIRE(read_clock(clock) < start + 20000 * MS);
	UK_EXPECT_EQ(uk_sys_timer_gettime(id, (long)&got), 0L);
	UK_EXPECT_EQ(got.value.sec + got.value.nsec, 0L);
	UK_EXPECT_EQ(uk_sys_timer_delete(id), 0L);
}

UK_TEST(posix_time, timers_of_cpu_time)
{
	counts_cpu_time(UK_CLOCK_PROCESS_CPUTIME_ID);
	counts_cpu_time((int)(~1U << 3 | 2)); /* the same by its number */
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	counts_cpu_time(UK_CLOCK_THREAD_CPUTIME_ID);
	counts_cpu_time((int)(~(unsigned)uk_sys_gettid() << 3 | 6));
#endif
}
#endif

#ifdef CONFIG_LIBPOSIX_FILE
UK_TEST(posix_time, timerfd)
{
	struct uk_abi_itimerspec it = { ms(2), ms(2) };
	struct uk_abi_timespec ts = ms(9);
	uint64_t n = 0;
	long fd = uk_sys_timerfd_create(UK_CLOCK_MONOTONIC, 0);

	UK_REQUIRE(fd >= 0);
	/* With TFD_TIMER_CANCEL_ON_SET. */
	UK_EXPECT_EQ(uk_sys_timerfd_settime(fd, 3, (long)&it, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_timerfd_settime(fd, 0, (long)&it, 0), 0L);
	uk_sys_nanosleep((long)&ts, 0);
	UK_EXPECT_EQ(uk_sys_read(fd, (long)&n, sizeof(n)), 8L);
	UK_EXPECT_GE(n, 3UL);
	UK_EXPECT_EQ(uk_sys_read(fd, (long)&n, sizeof(n)), 8L); /* waits for the next one */
	UK_EXPECT_GE(n, 1UL);
	UK_EXPECT_EQ(uk_sys_read(fd, (long)&n, 4), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_timerfd_gettime(0, (long)&it), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_close(fd), 0L);
}
#endif
