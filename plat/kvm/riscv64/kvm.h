/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. In order of boot:
 *
 *	entry.S     the first instructions, up to address translation (this and the next in plat/common/riscv64)
 *	early.c     random virtual base, page tables, relocation
 *	setup.c     what happens then, as a table of contents
 *	devtree.c   the device tree: memory map, command line, initrd, devices
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
 */
#ifndef KVM_H
#define KVM_H

#include <uk/arch/io.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "image.h"

/* The hart that we run on, by the firmware's number. */
extern uint64_t kvm_hart;

/* ---- devtree.c ---- */

/* Maps the tree at `pa` for good, or ends with a message; memory and what is reserved of it go into `bi`. */
void kvm_tree_open(struct uk_bootinfo *bi, uk_paddr_t pa);

/* The rest of it: command line, initrd. */
void kvm_tree_boot(struct uk_bootinfo *bi);

/* The first node of a kind of device, -1 if there is none. Any context. */
int kvm_tree_device(const char *compatible);

/* The one behind `node`. */
int kvm_tree_next(int node, const char *compatible);

/* Its registers: where, and how many bytes; its interrupt line, 0: none. */
bool kvm_tree_reg(int node, uk_paddr_t *pa, size_t *len);
uint32_t kvm_tree_irq(int node);

/* A number of one cell; `none` where it is not there. */
uint32_t kvm_tree_u32(int node, const char *name, uint32_t none);

/* The UART that the firmware calls the console, or the first; -1 if there is none. */
int kvm_tree_console(void);

/* How fast the CPUs' time runs; ends the boot if it is not told. */
uint32_t kvm_tree_time_hz(void);

/* Has our hart this extension? */
bool kvm_tree_has_extension(const char *name);

/* Of the interrupt controller `node`: the number of our hart's context, for supervisor mode; -1: none. */
int kvm_tree_plic_context(int node);

/* Up to n bytes of the seed that the loader left, each only once; how many. */
size_t kvm_tree_seed(uint8_t *buf, size_t n);

/* ---- console.c ---- */

void kvm_console_init(void);

/* Wait until what was written has left: a reader at the other end may be slow. */
void kvm_console_flush(void);

/* ---- channel.c ---- */

/* Finds out whether support/run listens. Before relocation. */
void kvm_channel_init(void);
bool kvm_runner(void);

/* Up to n bytes of what the host takes for random; how many. */
size_t kvm_channel_seed(void *buf, size_t n);

/* A record; types as support/run has them. */
void kvm_record(char type, const char *s, size_t n);

/* ---- clock.c, timer.c, irqchip.c ---- */

void kvm_clock_init(void);

/* Ticks of the CPU's time at a moment of the monotonic clock, or a few more. */
uint64_t kvm_clock_ticks(uk_nsec when);

/* Handlers of the CPU's interrupts, once they are used. */
extern void (*kvm_timer_handler)(void);
extern void (*kvm_external_handler)(void);

#endif
