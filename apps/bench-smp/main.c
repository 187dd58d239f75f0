/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two threads get done on two CPUs: computing, malloc and free, waking each other, a mutex. Uses
 * nothing but POSIX and futex(2), so that the same file runs on Linux. Prints `NAME NS`: nanoseconds
 * in which both do one operation each. The argument names one, or nothing: all.
 *
 * Each has a CPU of its own, or a kernel that happens to put both on one measures something else. But where
 * threads that wake each other had better run is up to the kernel.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FUTEX_WAIT_PRIVATE 128 /* linux/futex.h */
#define FUTEX_WAKE_PRIVATE 129

#define THREADS  2
#define COMPUTE  20000000
#define MALLOCS  2000000
#define HELD     64 /* blocks that a thread has at a time */
#define TURNS    20000
#define SECTIONS 1000000

static volatile uint64_t sink;
static uint32_t turn;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t shared;
static pthread_barrier_t barrier;
static uint64_t started;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t next_random(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static void compute(uintptr_t me)
{
	uint64_t x = me + 1;

	for (int i = 0; i < COMPUTE; i++)
		x = next_random(x);
	sink = x;
}

/* Small blocks that live for a while: of `least` bytes, and up to `more` - 1 on top. */
static inline void allocate(uintptr_t me, size_t least, size_t more)
{
	void *held[HELD] = { 0 };
	uint64_t x = me + 1;

	for (int i = 0; i < MALLOCS; i++) {
		x = next_random(x);
		free(held[x % HELD]);
		held[x % HELD] = malloc(least + (x >> 32) % more);
	}
	for (int i = 0; i < HELD; i++)
		free(held[i]);
}

static void allocate_64(uintptr_t me)
{
	allocate(me, 64, 1);
}

static void allocate_mix(uintptr_t me)
{
	allocate(me, 16, 240);
}

static void ping_pong(uintptr_t me)
{
	uint32_t mine = (uint32_t)me;

	for (int i = 0; i < TURNS; i++) {
		uint32_t t;

		while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != mine)
			syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, t, NULL);
		__atomic_store_n(&turn, !mine, __ATOMIC_RELEASE);
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
	}
}

static void contend(uintptr_t me)
{
	uint64_t x = me + 1;

	for (int i = 0; i < SECTIONS; i++) {
		pthread_mutex_lock(&mutex);
		shared++;
		pthread_mutex_unlock(&mutex);
		x = next_random(x);
	}
	sink = x;
}

static const struct bench {
	const char *name;
	void (*fn)(uintptr_t me);
	int ops; /* of each thread */
	bool apart;
} benches[] = {
	{ "compute", compute, COMPUTE, true },         { "malloc-64", allocate_64, MALLOCS, true },
	{ "malloc-mix", allocate_mix, MALLOCS, true }, { "pingpong", ping_pong, TURNS, false },
	{ "mutex", contend, SECTIONS, true },
};

static const struct bench *current;

/* To the n-th of our CPUs; with one, both run there. */
static void move_to(uintptr_t n)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		exit(2);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || (n-- && CPU_COUNT(&all) > 1))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one))
			exit(2);
		return;
	}
}

static void *run(void *me)
{
	if (current->apart)
		move_to((uintptr_t)me);
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		started = now();
	pthread_barrier_wait(&barrier);
	current->fn((uintptr_t)me);
	return NULL;
}

static void measure(const struct bench *b)
{
	pthread_t threads[THREADS];

	current = b;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i))
			exit(1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%s %.1f\n", b->name, (double)(now() - started) / b->ops);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		if (argc < 2 || !strcmp(argv[1], benches[i].name))
			measure(&benches[i]);
	return shared % SECTIONS != 0;
}
