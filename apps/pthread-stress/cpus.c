/* SPDX-License-Identifier: BSD-3-Clause */
/* Where threads run, barriers that one has others pass, and an end while all are busy. */
#include "stress.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int allowed[CPU_SETSIZE], nallowed;

static void *hop(void *arg)
{
	unsigned random = (unsigned)number(arg);
	cpu_set_t set, now;

	for (int i = 0; i < rounds / 2 + 1; i++) {
		int cpu = allowed[next_random(&random) % (unsigned)nallowed];
		int other = allowed[next_random(&random) % (unsigned)nallowed];

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		CHECK(!pthread_setaffinity_np(pthread_self(), sizeof(set), &set));
		CHECK(sched_getcpu() == cpu);
		sched_yield();
		CHECK(sched_getcpu() == cpu);
		CPU_SET(other, &set);
		CHECK(!sched_setaffinity(0, sizeof(set), &set));
		CHECK(!pthread_getaffinity_np(pthread_self(), sizeof(now), &now));
		CHECK(CPU_EQUAL(&set, &now) && CPU_COUNT(&now) == (cpu == other ? 1 : 2));
	}
	return NULL;
}

void affinity(void)
{
	cpu_set_t set;

	CHECK(!sched_getaffinity(0, sizeof(set), &set));
	nallowed = 0;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			allowed[nallowed++] = i;
	CHECK(nallowed == CPU_COUNT(&set));
	CHECK(nallowed == sysconf(_SC_NPROCESSORS_ONLN));
	run(threads, hop);
}

void affinity_errors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == -1 && errno == EINVAL);
	CPU_SET(CPU_SETSIZE - 1, &set); /* no machine here has that many */
	CHECK(sched_setaffinity(0, sizeof(set), &set) == -1 && errno == EINVAL);
	CHECK(sched_getaffinity(0x3fffff, sizeof(set), &set) == -1 && errno == ESRCH);
	CPU_SET(0, &set);
	CHECK(sched_setaffinity(0x3fffff, sizeof(set), &set) == -1 && errno == ESRCH);
	CHECK(syscall(SYS_sched_getaffinity, 0, 1, &set) == -1 && errno == EINVAL);
}

/*
 * Who sets its flag and sees the other's not set goes in; never both. One side has no barrier but the
 * compiler's: the other makes it pass one (the "asymmetric Dekker" that membarrier() is for).
 */
#define QUERY                      0
#define PRIVATE_EXPEDITED          8
#define REGISTER_PRIVATE_EXPEDITED 16

static int flag[2], saw[2], turn[2];

static void in_step(int me, int i)
{
	__atomic_store_n(&turn[me], i, __ATOMIC_RELEASE);
	while (__atomic_load_n(&turn[!me], __ATOMIC_ACQUIRE) < i)
		sched_yield();
}

static void *dekker(void *arg)
{
	int me = number(arg);

	for (int i = 1; i <= rounds * 10; i++) {
		in_step(me, 3 * i);
		__atomic_store_n(&flag[me], 1, __ATOMIC_RELAXED);
		__asm__ volatile("" ::: "memory");
		if (me)
			CHECK(!syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0));
		saw[me] = __atomic_load_n(&flag[!me], __ATOMIC_RELAXED);
		in_step(me, 3 * i + 1);
		CHECK(saw[0] || saw[1]);
		in_step(me, 3 * i + 2);
		flag[me] = 0;
	}
	return NULL;
}

void barriers_of_memory(void)
{
	long has = syscall(SYS_membarrier, QUERY, 0, 0);

	CHECK(has > 0 && has & PRIVATE_EXPEDITED && has & REGISTER_PRIVATE_EXPEDITED);
	CHECK(syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) == -1 && errno == EPERM);
	CHECK(!syscall(SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0));
	CHECK(syscall(SYS_membarrier, 1 << 30, 0, 0) == -1 && errno == EINVAL);
	run(2, dekker);
}

static void *never_end(void *arg)
{
	for (;;) {
		if (number(arg) % 2)
			free(malloc(100));
		else
			sched_yield();
	}
	return NULL;
}

void leave_busy_threads(void)
{
	pthread_t t;

	for (long i = 0; i < 8; i++)
		CHECK(!pthread_create(&t, NULL, never_end, (void *)i));
}
