/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One way to crash per run, named by the argument, while two other threads wait; every value passes
 * through a volatile, so that the compiler cannot see it coming.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uk/crash.h>

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

/*
 * An exception with an error code as the CPU would deliver it, by a frame made up here: no emulated CPU
 * raises a control protection exception, or finds an invalid TSS. Only where we own the machine.
 */
static void deliver(unsigned vector, uint64_t error)
{
	struct __attribute__((__packed__)) {
		uint16_t limit;
		const uint64_t *gates;
	} idt;
	uint64_t entry;

	__asm__ volatile("sidt %0" : "=m"(idt));
	entry = idt.gates[2 * vector];
	entry = (entry & 0xffff) | (entry >> 32 & 0xffff0000) | idt.gates[2 * vector + 1] << 32;
	__asm__ volatile("mov %%rsp, %%rax\n\t"
			 "and $-16, %%rsp\n\t"
			 "push $0x10\n\t"
			 "push %%rax\n\t"
			 "pushfq\n\t"
			 "push $0x8\n\t"
			 "lea control_here(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "push %1\n\t"
			 "jmp *%0\n"
			 ".globl control_here\n"
			 "control_here:" ::"r"(entry),
			 "r"(error)
			 : "rax", "memory");
}

/* Waits without a stack, on the first CPU, for what comes from outside and cannot be masked. */
static void lose_the_stack(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	puts("waiting");
	fflush(stdout);
	__asm__ volatile("cli\n\t"
			 "mov $0x123456789000, %rsp\n"
			 "1:\tpause\n\t"
			 "jmp 1b");
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
	else if (!strcmp(what, "single-step"))
		__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" ::: "memory", "cc");
	else if (!strcmp(what, "misaligned"))
		__asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl %0, %%eax" ::"m"(
					 crash_data[1])
				 : "memory", "cc", "rax");
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
	else if (!strcmp(what, "vectors"))
		__asm__ volatile("movq %0, %%xmm7\n\t"
				 "movq %1, %%xmm15\n\t"
				 "punpcklqdq %%xmm7, %%xmm15\n\t"
				 "fldpi\n\t"
				 "ud2" ::"r"(0x1122334455667788),
				 "r"(0x99aabbccddeeff00)
				 : "xmm7", "xmm15");
	else if (!strcmp(what, "hang"))
		for (;;)
			address++;
	else if (!strncmp(what, "control", 7))
		deliver(21, (uint64_t)atoi(what + 7));
	else if (!strncmp(what, "vector", 6))
		deliver((unsigned)atoi(what + 6), 0);
	else if (!strcmp(what, "lose-stack"))
		lose_the_stack();
	else if (!strcmp(what, "in-report"))
		fault_in_report = 1, write_to(0);
	return local->number;
}

int main(int argc, char **argv)
{
	pthread_t t;

	pthread_create(&t, NULL, waiter, "named");
	pthread_create(&t, NULL, waiter, NULL);
	while (waiting < 2)
		usleep(1000);
	return crash(argc > 1 ? argv[1] : "");
}
