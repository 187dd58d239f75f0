/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. In order of boot:
 *
 *	entry.S     the first instructions, up to address translation (this and the next in plat/common/riscv64)
 *	early.c     random virtual base, page tables, relocation
 *	setup.c     what happens then, as a table of contents
 *	devtree.c   the device tree: plat/common's has memory map, command line, initrd, devices; this CPUs and interrupts
 *
 * and at run time:
 *
 *	console.c   16550, and the firmware's console before it is known
 *	channel.c   the runner's side channel
 *	irqchip.c   PLIC
 *	clock.c     time
 *	timer.c     the one-shot timer: the CPU's own (Sstc), or the firmware's
 *	rtc.c       the wall clock
 *	power.c     the end
 *	random.c    seed
 *	bus.c       virtio-mmio
 *	pci.c       the bridge to PCI
 *
 * and with several CPUs:
 *
 *	smp.c       which there are, how they start (cpustart.S is where), interrupts between them
 */
#ifndef KVM_H
#define KVM_H

#include <uk/arch/io.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "devtree.h"
#include "image.h"

/* The hart that we run on, by the firmware's number. */
extern uint64_t kvm_hart;

/* ---- devtree.c ---- */

/* The interrupt line of a device, 0: none. */
uint32_t kvm_tree_irq(int node);

/* The node of a CPU behind `node`, -1 being before all, and its hart; -1 if there is none. */
int kvm_tree_cpu(int node, uint64_t *hart);

/* The line of pin 1 to 4 of a device behind the PCI bridge `node`, 0: none. */
unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin);

/* How fast the CPUs' time runs; ends the boot if it is not told. */
uint32_t kvm_tree_time_hz(void);

/* Has our hart this extension? */
bool kvm_tree_has_extension(const char *name);

/* Of the interrupt controller `node`: the number of our hart's context, for supervisor mode; -1: none. */
int kvm_tree_plic_context(int node);

/* ---- console.c ---- */

/* From here on somebody may look for the console. */
void kvm_console_init(void);

/* Looks for it and for the side channel, the first time. */
void kvm_console_find(void);

/* Wait until what was written has left: a reader at the other end may be slow. */
void kvm_console_flush(void);

/* ---- channel.c ---- */

/* Finds out whether support/run listens. */
void kvm_channel_init(void);
bool kvm_runner(void);

/* Wait until what was written has left. */
void kvm_channel_flush(void);

/* Is it this function of the PCI bus? Nobody else may touch it then. */
bool kvm_channel_is(unsigned bdf);

/* Up to n bytes of what the host takes for random; how many. */
size_t kvm_channel_seed(void *buf, size_t n);

/* A record; types as support/run has them. */
void kvm_record(char type, const char *s, size_t n);

/* ---- clock.c, timer.c, irqchip.c ---- */

void kvm_clock_init(void);

/* Ticks of the CPU's time at a moment of the monotonic clock, or a few more. */
uint64_t kvm_clock_ticks(uk_nsec when);

/* Of another CPU than the first, before it runs: it has no timer yet. */
void kvm_timer_cpu_init(uint32_t cpu);

/* The interrupt controller, for all that want a line. On the first CPU, whose context of it is used. */
int kvm_irqchip_init(void);

/* Handlers of the CPU's interrupts, once they are used. */
extern void (*kvm_timer_handler)(void);
extern void (*kvm_external_handler)(void);

#endif
