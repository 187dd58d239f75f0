/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUs are threads of the host. Each has what the first one got at the start: a trap stack, per-CPU data
 * behind gs, and a timer of its own (clock.c). One of them interrupts another by a signal.
 *
 * They are made before the filter of system calls is in force, which then holds for all of them.
 */
#define HOST_SETUP
#include <uk/bits.h>
#include <uk/plat/cpu.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/smp.h>

#include "linuxu.h"

#define HOST_CPUS 1024 /* bits of the largest set that we understand */

struct start {
	uint32_t cpu;
	void (*fn)(void);
};

int linuxu_tid[UK_CPUS];
void *linuxu_trap_stack[UK_CPUS];

uint32_t uk_plat_cpus(void)
{
	uint64_t set[HOST_CPUS / 64] = { 0 };
	int bytes = host_sched_getaffinity(sizeof(set), set);
	unsigned n = 0;

	for (int i = 0; i < bytes * 8; i++)
		n += set[i / 64] >> i % 64 & 1;
	return n ? n : 1;
}

static void cpu_start(void *arg)
{
	struct start *s = arg;
	void (*fn)(void) = s->fn;

	linuxu_arch_cpu(s->cpu);
	host_sigaltstack(linuxu_trap_stack[s->cpu], LINUXU_TRAP_STACK);
	linuxu_tid[s->cpu] = host_gettid();
	linuxu_irq_cpu();
	fn();
}

int uk_plat_cpu_start(uint32_t n, uint32_t cpu, void *stack, size_t stack_size, void (*fn)(void),
		      char what[32])
{
	static struct start s; /* one at a time, and it is read before fn() counts the CPU */
	long p = host_mmap(NULL, LINUXU_TRAP_STACK, HOST_PROT_READ | HOST_PROT_WRITE,
			   LINUXU_MAP_FRESH, -1, 0);
	int tid;

	uk_snprintf(what, 32, "%u", n);
	if (p < 0)
		return (int)p;
	linuxu_tid[0] = linuxu_pid;
	linuxu_trap_stack[cpu] = (void *)p;
	linuxu_irq_attach(HOST_SIGURG);
	s = (struct start){ cpu, fn };
	tid = linuxu_clone(HOST_CLONE_CPU, (char *)stack + stack_size, cpu_start, &s);
	if (tid < 0)
		host_munmap((void *)p, LINUXU_TRAP_STACK);
	return tid < 0 ? tid : 0;
}
