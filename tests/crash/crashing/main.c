/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One way to crash per run, named by the argument, while two other threads wait; every value passes
 * through a volatile, so that the compiler cannot see it coming. What only one CPU has is in its own file.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uk/crash.h>

#include "crashing.h"

static volatile uintptr_t address;
static volatile unsigned depth, waiting;
static int fault_in_report;
unsigned char crash_data[64];
const unsigned char crash_constant[64] = { 0xc3 };

struct answer {
	int number;
	const char *text;
};
struct answer crash_answer = { 42, "what the core file shows" };

static void section(const struct uk_trap_info *info, const struct uk_regs *regs)
{
	uk_crash_say("  a section of the application's");
	if (fault_in_report)
		*(volatile int *)address = 1;
}
UK_CRASH_SECTION("90", section);

static void call(uintptr_t where)
{
	address = where;
	((void (*)(void))address)();
}

static void write_to(uintptr_t where)
{
	address = where;
	*(volatile unsigned char *)address = 0xc3;
}

static int overflow(volatile unsigned char *above)
{
	volatile unsigned char here[256];

	here[depth++ % sizeof(here)] = *above;
	if (!depth)
		return 0;
	return overflow(here) + here[0];
}

static void *waiter(void *name)
{
	volatile int waiter_local = 7000 + (name != NULL);

	if (name)
		prctl(PR_SET_NAME, name);
	waiting++;
	for (;;)
		pause();
	return (void *)(uintptr_t)waiter_local;
}

static void *overflower(void *arg)
{
	prctl(PR_SET_NAME, arg);
	return (void *)(uintptr_t)overflow((unsigned char *)arg);
}

static int crash(const char *what)
{
	volatile struct answer *local = &crash_answer;
	char *area = mmap(NULL, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t t;

	munmap(area + 0x1000, 0x1000);
	if (!strcmp(what, "null"))
		write_to(0);
	else if (!strcmp(what, "offset"))
		write_to(0x18);
	else if (!strcmp(what, "low"))
		write_to(0x123456);
	else if (!strcmp(what, "gap"))
		write_to((uintptr_t)area + 0x1234);
	else if (!strcmp(what, "unmapped"))
		write_to(0x123456789000);
	else if (!strcmp(what, "code"))
		write_to((uintptr_t)strlen);
	else if (!strcmp(what, "constant"))
		write_to((uintptr_t)crash_constant + 8);
	else if (!strcmp(what, "run-heap"))
		call((uintptr_t)malloc(100));
	else if (!strcmp(what, "run-stack"))
		call((uintptr_t)&area);
	else if (!strcmp(what, "run-data"))
		call((uintptr_t)crash_data + 16);
	else if (!strcmp(what, "run-null"))
		call(0);
	else if (!strcmp(what, "non-canonical"))
		write_to(0xdead00000000beef);
	else if (!strcmp(what, "divide"))
		address = 0, address = 100 / address;
	else if (!strcmp(what, "trap"))
		__builtin_trap();
	else if (!strcmp(what, "abort"))
		abort();
	else if (!strcmp(what, "overflow"))
		return overflow((unsigned char *)what);
	else if (!strcmp(what, "thread-overflow"))
		pthread_create(&t, NULL, overflower, "deep"), pause();
	else if (!strcmp(what, "double-free")) {
		void *volatile p = malloc(100);

		free(p);
		free(p);
	} else if (!strcmp(what, "wait"))
		pause();
	else if (!strcmp(what, "hang"))
		for (;;)
			address++;
	else if (!strcmp(what, "in-report"))
		fault_in_report = 1, write_to(0);
	else
		crash_cpu(what);
	return local->number;
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (pthread_create(&t, NULL, waiter, "named") || pthread_create(&t, NULL, waiter, NULL)) {
		fprintf(stderr, "crashing: too little memory for two threads\n");
		return 1;
	}
	while (waiting < 2)
		usleep(1000);
	return crash(argc > 1 ? argv[1] : "");
}
