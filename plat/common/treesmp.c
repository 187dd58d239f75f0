/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs: which there are, how they start, and interrupts between them. The device tree tells of them. What
 * the CPU has to do with it, and who starts them, is elsewhere: treesmp.h.
 *
 * What a CPU needs of its own is made by the one that starts it: stacks for page faults, each with nothing mapped below it.
 */
#include <uk/arch/paging.h>
#include <uk/arch/trap.h>
#include <uk/crash.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include <uk/smp.h>

#include "cpus.h"
#include "devtree.h"
#include "ipi.h"
#include "start.h"
#include "treesmp.h"

#define PATIENCE (2 * UK_NSEC_PER_SEC) /* for a host that runs its CPUs in turns */

/* Address space for a CPU's stacks: a page that is not there, the one for page faults, another such page, the nested one. */
#define FAULT_BOTTOM  UK_PAGE_SIZE
#define FAULT_TOP     (FAULT_BOTTOM + UK_PAGE_FAULT_STACK)
#define NESTED_BOTTOM (FAULT_TOP + UK_PAGE_SIZE)
#define NESTED_TOP    (NESTED_BOTTOM + UK_PAGE_SIZE)
#define STACKS_LEN    (16 * UK_PAGE_SIZE)
UK_STATIC_ASSERT(NESTED_TOP <= STACKS_LEN, "stacks of the next CPU follow");

uint64_t plat_cpu_ids[UK_CPUS];

static uint64_t machine[UK_CPUS]; /* the first is this CPU's */
static uint32_t nmachine;         /* may be more than we note */

/* One for each CPU of the machine, since one that is given up may come for it later. */
static struct cpustart given[UK_CPUS];

/* What else the CPU that is being started needs. */
static struct {
	uint32_t cpu;
	uintptr_t stacks;
	void (*fn)(void);
	bool arrived;
} starting;

uint32_t uk_plat_cpus(void)
{
	uint64_t id;

	machine[0] = plat_cpu_ids[0] = boot_cpu_id();
	nmachine = 1;
	for (int node = -1; (node = devtree_cpu(node, &id)) >= 0;) {
		if (id == machine[0])
			continue;
		if (nmachine < UK_CPUS)
			machine[nmachine] = id;
		nmachine++;
	}
	if (nmachine > 1 && !plat_cpus_prepare())
		nmachine = 1;
	return nmachine;
}

UK_NORETURN void boot_cpu_entry(void)
{
#ifdef CONFIG_HARDEN_PAC
	boot_sign(arm_cpu_key);
#endif
	BOOT_CPU(trap_init)(starting.stacks + FAULT_TOP, starting.stacks + NESTED_TOP);
	boot_cpu();
	plat_cpu_init(starting.cpu);
	BOOT_CPU(irq_open)(); /* still masked by software */
	__atomic_store_n(&starting.arrived, true, __ATOMIC_RELEASE);
	starting.fn();
	__builtin_unreachable();
}

static int map_stack(uintptr_t bottom, uintptr_t top)
{
	for (uintptr_t va = bottom; va < top; va += UK_PAGE_SIZE) {
		uk_paddr_t frame = uk_arch_frame_alloc();

		if (!frame || uk_plat_map_page(va, frame, UK_PROT_READ | UK_PROT_WRITE))
			return -ENOMEM;
	}
	return 0;
}

/* Maps what a CPU needs of its own. Its memory stays its own if it does not start. */
static int make_stacks(uint32_t cpu)
{
	static uint32_t made; /* up to here */
	uintptr_t at = UK_VA_CPUS + (uk_plat_direct_base & UK_VA_CPUS_RANDOM) + cpu * STACKS_LEN;
	int err;

	starting.stacks = at;
	if (made == cpu)
		return 0;
	err = map_stack(at + FAULT_BOTTOM, at + FAULT_TOP);
	if (!err)
		err = map_stack(at + NESTED_BOTTOM, at + NESTED_TOP);
	if (!err)
		made = cpu;
	return err;
}

/* Waits for the CPU that was given *g; false if it does not come, and is not going to. */
static bool arrives(struct cpustart *g)
{
	uk_nsec end = uk_plat_clock_monotonic() + PATIENCE;

	while (!__atomic_load_n(&starting.arrived, __ATOMIC_ACQUIRE)) {
		uk_arch_relax();
		if (end && uk_plat_clock_monotonic() >= end) {
			if (__atomic_exchange_n(&g->welcome, 0, __ATOMIC_ACQ_REL))
				return false;
			end = 0; /* it is on its way */
		}
	}
	return true;
}

int uk_plat_cpu_start(uint32_t n, uint32_t cpu, void *stack, size_t stack_size, void (*fn)(void),
		      char what[32])
{
	struct cpustart *g;
	int err;

	if (n >= UK_CPUS) {
		uk_snprintf(what, 32, "%u", n);
		return -ENOSPC;
	}
	uk_snprintf(what, 32, "%u (" BOOT_CPU_ID ")", n, machine[n]);
	err = make_stacks(cpu);
	if (err)
		return err;
	g = &given[n];
	*g = (struct cpustart){
		.welcome = 1,
		.offset = image_offset,
		.tables = boot_cpu_tables(),
		.percpu = (uintptr_t)&uk_percpus[cpu],
		.stack = ((uintptr_t)stack + stack_size) & ~15UL,
	};
	uk_percpus[cpu].canary = uk_percpu()->canary;
	starting.cpu = cpu;
	starting.fn = fn;
	starting.arrived = false;
	plat_cpu_ids[cpu] = machine[n];
	err = plat_cpu_on(cpu, g);
	if (err)
		return err;
	return arrives(g) ? 0 : -ETIMEDOUT;
}

void uk_plat_ipi_later(uint32_t cpu)
{
	if (!uk_irq_disabled()) {
		uk_plat_ipi(cpu);
		return;
	}
	plat_ipi_withhold(cpu);
	BOOT_CPU(irq_later)();
}

void BOOT_CPU(irq_withheld)(void)
{
	plat_ipi_withheld();
}

UK_NORETURN void uk_plat_cpu_stop(uint32_t *stopped)
{
	struct uk_regs here;

	BOOT_CPU(regs_here)(&here);
	uk_crash_cpu_regs[uk_cpu()] = uk_percpu()->irq_regs ? uk_percpu()->irq_regs : &here;
	__atomic_add_fetch(stopped, 1, __ATOMIC_RELEASE);
	BOOT_CPU(irq_close)();
	for (;;)
		__asm__ volatile("wfi");
}
