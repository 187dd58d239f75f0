/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread on each CPU, and one or all of them crash. The argument says how, and what the others do
 * meanwhile: "one": compute; "locks": are in and out of the kernel and its locks; "all": crash as well;
 * "abort": the one calls abort(); "exit": all end the process with the same status.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CULPRIT 1 /* the CPU */

static const char *how;
static int cpus, ready, busy;
static int *volatile null;

__attribute__((__noinline__)) void compute_for_ever(void)
{
	__atomic_add_fetch(&busy, 1, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("" ::: "memory");
}

/* Writes where nothing is mapped, with a value in a vector register that no other CPU has. */
static void crash(void)
{
#ifdef __riscv
	__asm__ volatile("fmv.d.x ft7, %0\n\t"
			 "sw %0, (%1)" ::"r"(0x1122334455667788),
			 "r"(null)
			 : "ft7", "memory");
#elif defined(__aarch64__)
	__asm__ volatile("fmov d7, %0\n\t"
			 "str %w0, [%1]" ::"r"(0x1122334455667788),
			 "r"(null)
			 : "v7", "memory");
#else
	__asm__ volatile("movq %0, %%xmm7\n\t"
			 "movl $1, (%1)" ::"r"(0x1122334455667788),
			 "r"(null)
			 : "xmm7", "memory");
#endif
}

static void use_locks(void)
{
	__atomic_add_fetch(&busy, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		void *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		free(malloc(1000));
		memset(p, 1, 65536);
		munmap(p, 65536);
	}
}

static void *on_cpu(void *arg)
{
	int cpu = (int)(long)arg;
	char name[16];
	cpu_set_t set;

	snprintf(name, sizeof(name), "on-%d", cpu);
	prctl(PR_SET_NAME, name);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set))
		_exit(3);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < cpus)
		sched_yield();
	if (!strcmp(how, "exit"))
		_exit(55);
	if (cpu == CULPRIT && strcmp(how, "all")) {
		while (__atomic_load_n(&busy, __ATOMIC_SEQ_CST) < cpus - 1)
			sched_yield();
		usleep(50000);
	}
	if (cpu == CULPRIT && !strcmp(how, "abort"))
		abort();
	if (cpu == CULPRIT || !strcmp(how, "all"))
		crash();
	if (!strcmp(how, "locks"))
		use_locks();
	compute_for_ever();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	how = argc > 1 ? argv[1] : "";
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus <= CULPRIT)
		return 2;
	for (long i = 1; i < cpus; i++)
		if (pthread_create(&t, NULL, on_cpu, (void *)i))
			return 2;
	on_cpu(NULL);
	return 4;
}
