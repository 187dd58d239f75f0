/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs of a machine that a device tree describes: how they start (treesmp.c), and what that asks of others. In order:
 *
 *	plat_cpus_prepare()   the platform's: what the first CPU has to do for it
 *	plat_cpu_on()         the platform's: has the firmware start one
 *	boot_cpu_start        cpustart.S, where it starts: up to address translation
 *	boot_cpu_entry()      treesmp.c: its traps and stacks
 *	plat_cpu_init()       its interrupts and timer
 *
 * and cpus.h, of the CPU:
 *
 *	BOOT_CPU()            a function of the architecture's, by the end of its name
 *	BOOT_CPU_ID           how a CPU's number is called, and printed
 *	boot_cpu_id()         this CPU's
 *	boot_cpu_tables()     what tells a CPU where the page tables are
 */
#ifndef PLAT_TREESMP_H
#define PLAT_TREESMP_H

/* What a CPU that starts is given: struct cpustart, for cpustart.S. */
#define CPUSTART_WELCOME 0 /* 1 until the CPU comes, or it is given up: who takes it goes on */
#define CPUSTART_OFFSET  8 /* virtual - physical address of the image */
#define CPUSTART_TABLES  16
#define CPUSTART_PERCPU  24
#define CPUSTART_STACK   32 /* its end */
#define CPUSTART_SIZE    40

#ifndef __ASSEMBLER__
#include <uk/essentials.h>
#include <uk/types.h>

struct cpustart {
	uint64_t welcome, offset, tables, percpu, stack;
};
UK_STATIC_ASSERT(sizeof(struct cpustart) == CPUSTART_SIZE, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, offset) == CPUSTART_OFFSET, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, tables) == CPUSTART_TABLES, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, percpu) == CPUSTART_PERCPU, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, stack) == CPUSTART_STACK, "cpustart.S");

#pragma GCC visibility push(hidden)
extern const char boot_cpu_start[];
UK_NORETURN void boot_cpu_entry(void);
#pragma GCC visibility pop

/* The machine's numbers of the CPUs that run. */
extern uint64_t plat_cpu_ids[];

/* There will be several CPUs: what the first has to prepare; false: there cannot be. */
bool plat_cpus_prepare(void);

/* Has CPU `cpu`, whose number is in the table above, start with *g at boot_cpu_start. 0, or negative: it does not. */
int plat_cpu_on(uint32_t cpu, const struct cpustart *g);

/* What it does itself when it is there, before interrupts are open. */
void plat_cpu_init(uint32_t cpu);

#endif
#endif
