/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of several CPUs run: the first argument says what to do, the second on which CPU.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/smp.h>
#include <uk/thread.h>
#include <unistd.h>

#define READINGS 20000
#define SLEEPS   5
#define SPAN     20000000
#define LINES    200

static uint64_t latest;
static unsigned ready, wrong;

static void move_to(uint32_t cpu)
{
	struct uk_cpuset set = { { 0 } };

	uk_cpuset_add(&set, cpu);
	if (cpu >= uk_smp_cpus() || uk_thread_set_cpus(uk_thread_current(), &set)) {
		printf("there is no CPU %u\n", cpu);
		exit(2);
	}
}

/* The time never goes back, on whichever CPU it is read. */
static void read_clock(uint32_t cpu)
{
	for (int i = 0; i < READINGS; i++) {
		uint64_t before = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
		uint64_t now = uk_plat_clock_monotonic();

		if (now < before) {
			printf("CPU %u: %lu ns after %lu ns\n", cpu, now, before);
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		}
		while (before < now &&
		       !__atomic_compare_exchange_n(&latest, &before, now, 0, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE))
			;
	}
}

/* Each CPU has a timer, which is not early. */
static void sleep_here(uint32_t cpu)
{
	const struct timespec span = { 0, SPAN };

	for (int i = 0; i < SLEEPS; i++) {
		uint64_t start = uk_plat_clock_monotonic();

		nanosleep(&span, NULL);
		if (uk_plat_clock_monotonic() < start + SPAN || uk_cpu() != cpu)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	}
}

static void write_lines(uint32_t cpu)
{
	char line[64];

	memset(line, 'a' + (int)cpu, sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		if (write(1, line, sizeof(line)) != sizeof(line))
			wrong++;
}

static void compute(uint32_t cpu)
{
	if (__atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED) == uk_smp_cpus()) {
		printf("all are busy\n");
		fflush(stdout);
	}
	for (volatile uint64_t i = cpu;; i++)
		;
}

static const struct {
	const char *name;
	void (*fn)(uint32_t cpu);
} on_all[] = {
	{ "clock", read_clock },
	{ "sleep", sleep_here },
	{ "lines", write_lines },
	{ "compute", compute },
};

struct start {
	void (*fn)(uint32_t cpu);
	uint32_t cpu;
};

static void *run(void *arg)
{
	struct start *s = arg;

	move_to(s->cpu);
	s->fn(s->cpu);
	return NULL;
}

static int run_on_all(void (*fn)(uint32_t cpu))
{
	uint32_t n = uk_smp_cpus();
	struct start starts[UK_CPUS];
	pthread_t threads[UK_CPUS];

	for (uint32_t i = 0; i < n; i++) {
		starts[i] = (struct start){ fn, i };
		if (pthread_create(&threads[i], NULL, run, &starts[i]))
			return 2;
	}
	for (uint32_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return wrong != 0;
}

static __attribute__((noinline)) int overflow(volatile char *caller)
{
	volatile char room[512];

	room[0] = caller[0];
	return overflow(room) + room[1];
}

static int on_one(const char *what, char **arg)
{
	if (!strcmp(what, "overflow")) {
		char c = 1;

		return overflow(&c);
	}
	if (!strcmp(what, "fault"))
		return *(volatile int *)0x10;
#ifdef __x86_64__
	if (!strcmp(what, "double-fault")) { /* a trap, with no stack for it */
		__asm__ volatile("xor %%esp, %%esp\n\tud2" ::: "memory");
		return 0;
	}
	if (!strcmp(what, "host")) { /* a system call of the host's, by its number */
		long rc = strtol(arg[0], NULL, 0);

		__asm__ volatile("syscall" : "+a"(rc)::"rcx", "r11", "memory");
		printf("%ld\n", rc);
		return 0;
	}
#else
	(void)arg;
#endif
	return 2;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc >= 3) {
		move_to((uint32_t)atoi(argv[2]));
		return on_one(argv[1], argv + 3);
	}
	for (size_t i = 0; argc == 2 && i < sizeof(on_all) / sizeof(on_all[0]); i++)
		if (!strcmp(argv[1], on_all[i].name))
			return run_on_all(on_all[i].fn);
	printf("%u CPUs\n", uk_smp_cpus());
	if (argc == 2 && !strcmp(argv[1], "wait"))
		getchar();
	return 0;
}
