/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What treesmp.c asks of the CPU (treesmp.h), and what platforms ask of smp.c.
 */
#ifndef ARM_CPUS_H
#define ARM_CPUS_H

#include <uk/config.h>

#include "machine.h"

#define BOOT_CPU(name)    arm_##name
#define BOOT_CPU_ID       "MPIDR %#lx"
#define boot_cpu_id()     arm_cpu_id()
#define boot_cpu_tables() arm_read(ttbr0_el1)

#ifdef CONFIG_HARDEN_PAC
/* With what a CPU that starts is to sign return addresses. */
extern uint64_t arm_cpu_key[2];
#endif

/* For plat_cpus_prepare(), when the platform has asked for those interrupts that each CPU has of its own, and plat_cpu_on(). */
bool arm_cpus_prepare(void);
struct cpustart;
int arm_cpu_on(uint32_t cpu, const struct cpustart *g);

#endif
