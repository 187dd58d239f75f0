/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. In order of boot:
 *
 *	entry.S     the first instructions, up to address translation (this and the next in plat/common)
 *	early.c     random virtual base, page tables, relocation
 *	setup.c     what happens then, as a table of contents
 *	devtree.c   the device tree: plat/common's has memory map, command line, initrd, devices; this interrupts
 *
 * and at run time:
 *
 *	irqchip.c   GIC, versions 2 and 3
 *	timer.c     the one-shot timer: the CPU's own
 *	rtc.c       the wall clock: PL031
 *	power.c     the end: PSCI
 *
 * and with several CPUs:
 *
 *	smp.c       how they start (cpustart.S is where)
 *
 * and what is the same on all machines with a device tree: ../devtree/shared.h.
 */
#ifndef KVM_H
#define KVM_H

#include <uk/arch/cpu.h>
#include <uk/arch/io.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "../devtree/shared.h"
#include "devtree.h"
#include "image.h"

/* The counter that clocks are made of, and something that takes a time which depends on the host. */
#define kvm_time()   arm_time()
#define kvm_wander() ((void)arm_read(midr_el1))

/* A CPU's number is its affinity, of four bytes, as MPIDR_EL1 has it. */
#define KVM_CPU(name)    arm_##name
#define KVM_CPU_ID       "MPIDR %#lx"
#define kvm_cpu_id()     (arm_read(mpidr_el1) & 0xff00ffffffUL)
#define kvm_cpu_tables() arm_read(ttbr0_el1)

/* As many bytes as the CPU's own source gives, or support/run's host. */
size_t kvm_more_seed(void *buf, size_t n);

/* No firmware has a console that we know of. Before the tree is read this goes to where QEMU has its UART: pl011.c. */
void kvm_firmware_write(const char *s, size_t n);

#define KVM_NO_UART "[whittle] error: no PL011 in the device tree: standard output is lost\n"

/* An interrupt, as uk_plat_irq_request() has it: its number, and whether an edge raises it. */
#define KVM_IRQ_EDGE   0x10000U
#define KVM_IRQ_NUMBER 0xffffU

/* ---- devtree.c ---- */

/* Also interrupts of the CPU itself, such as its timer's: the n-th of a node; 0: none. */
uint32_t kvm_tree_nth_irq(int node, unsigned n);

/* A number from the CPU's own source; false: it has none, or it failed. */
bool kvm_cpu_random(uint64_t *v);

/* How the firmware is called: 1 by hvc, 0 by smc; -1: that is not told. */
int kvm_tree_psci(void);

/* ---- irqchip.c ---- */

/* The interrupt controller, for all that want an interrupt. On the first CPU. */
int kvm_irqchip_init(void);

/*
 * With several CPUs: the first, once it has asked for those interrupts that each has of its own. Of CPU `cpu`, whose number is `id`: what
 * is done before it runs, and what it does itself.
 */
void kvm_irqchip_first_cpu(void);
int kvm_irqchip_cpu(uint32_t cpu, uint64_t id);
void kvm_irqchip_cpu_init(uint32_t cpu);

/* ---- timer.c ---- */

/* The timer's interrupt, which is each CPU's own: before there are several. */
void kvm_timer_init(void);

#endif
