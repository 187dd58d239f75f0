/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the platforms that own an arm64 CPU share at run time: what the device tree says of interrupts, time and firmware
 * (machine.c), the interrupt controller (gic.c), and the CPU's timer (timer.c).
 */
#ifndef ARM_MACHINE_H
#define ARM_MACHINE_H

#include <uk/arch/cpu.h>
#include <uk/essentials.h>
#include <uk/plat/clock.h>
#include <uk/types.h>

#include "devtree.h"

/* An interrupt, as uk_plat_irq_request() has it: its number, and whether an edge raises it. */
#define ARM_IRQ_EDGE   0x10000U
#define ARM_IRQ_NUMBER 0xffffU

/* A CPU's number is its affinity, of four bytes, as MPIDR_EL1 has it. */
#define arm_cpu_id() (arm_read(mpidr_el1) & 0xff00ffffffUL)

/* ---- machine.c ---- */

/* The n-th interrupt that a property lists, 0: none; and the n-th of a node. Also those of the CPU itself, such as its timer's. */
uint32_t arm_tree_prop_irq(const struct devtree_prop *p, unsigned n);
uint32_t arm_tree_irq(int node, unsigned n);

/* A number from the CPU's own source; false: it has none, or it failed. */
bool arm_cpu_random(uint64_t *v);

/* The same for n bytes; how many there were. */
size_t arm_cpu_seed(void *buf, size_t n);

/* How the firmware is called: 1 by hvc, 0 by smc; -1: that is not told. */
int arm_tree_psci(void);

/* ---- gic.c ---- */

/* The interrupt controller, for all that want an interrupt. On the first CPU. */
int arm_gic_init(void);

/* As uk_plat_irq_request(), of an interrupt that goes to CPU `cpu`; and gives one back, which nobody raises any more. Thread context. */
int arm_gic_request(unsigned irq, void (*fn)(void *arg), void *arg, uint32_t cpu);
void arm_gic_release(unsigned n);

/* Of version 3: what is called for an interrupt that is a message (LPI: 8192 and more). In interrupt context. */
#define ARM_GIC_LPI 8192U
extern void (*arm_gic_message)(unsigned n);

/* Of version 3: where a CPU's redistributor is, by the CPU's number; 0: nowhere. Boot, thread context. */
uk_paddr_t arm_gic_frame(uint64_t id);

/*
 * With several CPUs: the first, once it has asked for those interrupts that each has of its own. Of CPU `cpu`, whose number is `id`: what
 * is done before it runs, and what it does itself.
 */
void arm_gic_first_cpu(void);
int arm_gic_cpu(uint32_t cpu, uint64_t id);
void arm_gic_cpu_init(uint32_t cpu);

/* ---- rtc.c ---- */

/* What the machine's clock of the day says; 0: there is none. */
uk_nsec arm_rtc_now(void);

/* ---- timer.c ---- */

/* The timer's interrupt, which is each CPU's own: before there are several. */
void arm_timer_init(void);

#endif
