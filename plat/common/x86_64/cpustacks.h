/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUs that start and stop, a part of the platform's smp.c: what one needs of its own, made by the one that starts it (memory for
 * descriptor tables, and stacks for traps, x86_trap_init_cpu()); its arrival; its registers when it stops.
 */
#ifndef X86_CPUSTACKS_H
#define X86_CPUSTACKS_H

#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/relax.h>
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/plat/mem.h>
#include <uk/smp.h>

#define STACKS_LEN (X86_CPU_STACKS * X86_CPU_STACK)

#define PATIENCE (2 * UK_NSEC_PER_SEC) /* for a host that runs its CPUs in turns */

/* What the CPU that is being started needs. */
static struct {
	uint32_t cpu;
	void *tables;
	uintptr_t stacks;
	void (*fn)(void);
	bool arrived;
} starting;

/* CPU `cpu` is to run fn. */
static inline void boot_cpu_prepare(uint32_t cpu, void (*fn)(void))
{
	starting.cpu = cpu;
	starting.fn = fn;
	starting.arrived = false;
}

/* On the new CPU: makes what it was given its own. */
static inline void boot_cpu_take_stacks(void)
{
	x86_trap_init_cpu(starting.tables, starting.stacks);
	x86_wrmsr(X86_MSR_GS_BASE, (uintptr_t)&uk_percpus[starting.cpu]);
}

/* On the new CPU, which is as the others from here on; interrupts are masked by software. */
static inline UK_NORETURN void boot_cpu_run(void)
{
	__atomic_store_n(&starting.arrived, true, __ATOMIC_RELEASE);
	starting.fn();
	__builtin_unreachable();
}

/* Has the CPU arrived after at most `span`? */
static bool boot_cpu_arrives(uk_nsec span)
{
	uk_nsec end = uk_plat_clock_monotonic() + span;

	do {
		if (__atomic_load_n(&starting.arrived, __ATOMIC_ACQUIRE))
			return true;
		uk_plat_cpu_yield();
		uk_arch_relax();
	} while (uk_plat_clock_monotonic() < end);
	return false;
}

/* This CPU is stopped, whose registers are `here` unless it was interrupted: for uk_plat_cpu_stop(). */
static inline void boot_cpu_stopped(struct uk_regs *here, uint32_t *stopped)
{
	uk_crash_cpu_regs[uk_cpu()] = uk_percpu()->irq_regs ? uk_percpu()->irq_regs : here;
	__atomic_add_fetch(stopped, 1, __ATOMIC_RELEASE);
}

/* Maps what a CPU needs of its own. Its memory stays its own if it does not start. */
static inline int boot_cpu_make_stacks(uint32_t cpu)
{
	static uint32_t made; /* up to here */
	static void *its_tables;
	uk_paddr_t frame;

	starting.stacks =
		UK_VA_CPUS + (uk_plat_direct_base & UK_VA_CPUS_RANDOM) + cpu * STACKS_LEN;
	starting.tables = its_tables;
	if (made == cpu)
		return 0;
	frame = uk_arch_frame_alloc();
	if (!frame)
		return -ENOMEM;
	starting.tables = its_tables = uk_plat_phys_to_virt(frame);
	for (unsigned i = 0; i < X86_CPU_STACKS; i++) {
		uintptr_t top = starting.stacks + (i + 1) * X86_CPU_STACK;

		for (uintptr_t va = top - X86_CPU_STACK_USED; x86_trap_uses_stack(i) && va < top;
		     va += UK_PAGE_SIZE) {
			frame = uk_arch_frame_alloc();
			if (!frame || uk_plat_map_page(va, frame, UK_PROT_READ | UK_PROT_WRITE))
				return -ENOMEM;
		}
	}
	made = cpu;
	return 0;
}

#endif
