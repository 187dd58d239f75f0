/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two threads get done on two CPUs: computing, malloc and free, waking each other, a mutex, files,
 * pages of memory. Uses nothing but POSIX and futex(2), so that the same file runs on Linux. Prints
 * `NAME NS`: nanoseconds in which both do one operation each. The first argument names one (nothing: all),
 * the second says how many threads there are instead of two.
 *
 * Each has a CPU of its own, or a kernel that happens to put both on one measures something else. But where
 * threads that wake each other had better run is up to the kernel.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FUTEX_WAIT_PRIVATE 128 /* linux/futex.h */
#define FUTEX_WAKE_PRIVATE 129

#define THREADS  64 /* at most */
#define COMPUTE  20000000
#define MALLOCS  2000000
#define HELD     64 /* blocks that a thread has at a time */
#define TURNS    20000
#define SECTIONS 1000000
#define OPENS    100000
#define PAGE     4096
#define PAGES    2048 /* in an area */
#define AREAS    8

static volatile uint64_t sink;
static uint32_t turn;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t shared;
static pthread_barrier_t barrier;
static uint64_t started;
static int threads = 2;

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

/* A file of each thread's own, or one for all, which is a reference count that all write. */
static void open_close(const char *path)
{
	for (int i = 0; i < OPENS; i++) {
		int fd = open(path, O_RDONLY | O_CREAT, 0600);

		if (fd < 0)
			exit(3);
		close(fd);
	}
	unlink(path);
}

static void open_own(uintptr_t me)
{
	char path[] = "/tmp/bench-smp-a";

	path[sizeof(path) - 2] += (char)me;
	open_close(path);
}

static void open_one(uintptr_t me)
{
	open_close("/tmp/bench-smp");
}

static void stat_one(uintptr_t me)
{
	struct stat st;

	for (int i = 0; i < OPENS; i++)
		if (stat("/tmp", &st))
			exit(3);
}

/* From top to bottom: a kernel that guesses what comes next guesses wrong. */
static void touch(uintptr_t me)
{
	for (int i = 0; i < AREAS; i++) {
		char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			exit(3);
		for (int k = PAGES; k--;)
			p[k * PAGE] = 1;
		munmap(p, PAGES * PAGE);
	}
}

static const struct bench {
	const char *name;
	void (*fn)(uintptr_t me);
	int ops; /* of each thread */
	bool apart;
} benches[] = {
	{ "compute", compute, COMPUTE, true },         { "malloc-64", allocate_64, MALLOCS, true },
	{ "malloc-mix", allocate_mix, MALLOCS, true }, { "pingpong", ping_pong, TURNS, false },
	{ "mutex", contend, SECTIONS, true },          { "open-own", open_own, OPENS, true },
	{ "open-one", open_one, OPENS, true },         { "stat", stat_one, OPENS, true },
	{ "faults", touch, AREAS *PAGES, true },
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
	pthread_t thread[THREADS];

	current = b;
	pthread_barrier_init(&barrier, NULL, (unsigned)threads);
	for (intptr_t i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, run, (void *)i))
			exit(1);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%s %.1f\n", b->name, (double)(now() - started) / b->ops);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	mkdir("/tmp", 01777);
	if (argc > 2)
		threads = atoi(argv[2]);
	if (threads < 1 || threads > THREADS)
		return 2;
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		if (argc < 2 || !strcmp(argv[1], benches[i].name))
			measure(&benches[i]);
	return shared % SECTIONS != 0;
}
