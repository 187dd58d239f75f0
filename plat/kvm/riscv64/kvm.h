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
 *	irqchip.c   interrupts: lines of devices, by plic.c or aia.c
 *	timer.c     the one-shot timer: the CPU's own (Sstc), or the firmware's
 *	rtc.c       the machine's clock
 *	power.c     the end
 *
 * and with several CPUs:
 *
 *	smp.c       how they start (cpustart.S is where; the rest is in plat/common), interrupts between them
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

/* For what is in ../devtree. */
#define KVM_CONSOLE_BEGINS "\0whittle"
#define KVM_NO_UART        "[whittle] error: no 16550 where the device tree says: input is lost\n"

static inline void kvm_firmware_write(const char *s, size_t n)
{
	for (; n; n--)
		sbi_call(SBI_EXT_PUTCHAR, 0, (uint8_t)*s++, 0);
}

/* The hart that we run on, by the firmware's number. */
extern uint64_t kvm_hart;

/* ---- devtree.c ---- */

/* Has our hart this extension? */
bool kvm_tree_has_extension(const char *name);

/* Which of those that the interrupt controller `node` interrupts in supervisor mode is this hart, from 0 on; -1: none. */
int kvm_tree_context(int node, uint64_t hart);

/* ---- irqchip.c ---- */

/* Of another CPU than the first, before it runs: it has no timer yet. */
void kvm_timer_cpu_init(uint32_t cpu);

/* The interrupt controller, for all that want a line, once. On the first CPU, whose context of it is used. */
int kvm_irqchip_init(void);

#define KVM_LINES 128 /* of QEMU's virt there are 95, and 0 is none */
#define KVM_LINE_EDGE                                                                              \
	0x80000000U /* in the number of a line: it is not held while there is something to do */

/* Calls who asked for the line. */
void kvm_line_raised(unsigned line);

/*
 * Its kinds. init: is it there? 0, -ENODEV, or another error; all on the CPU that boots. open: the line is used from now on; called by
 * one at a time.
 */
int kvm_plic_init(void);
int kvm_plic_open(unsigned line, bool edge);

#ifdef CONFIG_PLAT_KVM_AIA
int kvm_aia_init(void);
int kvm_aia_open(unsigned line, bool edge);
#define KVM_IRQCHIPS "PLIC, AIA"
#else
#define KVM_IRQCHIPS "PLIC"
#endif

/* Of another CPU, on it: it takes what devices send to it. */
void kvm_aia_cpu_init(void);

/* Handlers of the CPU's interrupts, once they are used. */
extern void (*kvm_timer_handler)(void);
extern void (*kvm_external_handler)(void);

#endif
