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
 *	irqchip.c   PLIC
 *	timer.c     the one-shot timer: the CPU's own (Sstc), or the firmware's
 *	rtc.c       the machine's clock
 *	power.c     the end
 *
 * and with several CPUs:
 *
 *	smp.c       how they start (cpustart.S is where), interrupts between them
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

/* For what is in ../devtree: a CPU's number is its hart; the host's randomness, since the CPU has none; and a way into the firmware and back. */
#define kvm_time()         riscv_time()
#define kvm_wander()       ((void)sbi_call(SBI_EXT_BASE, 0, 0, 0))
#define kvm_more_seed      kvm_channel_seed
#define KVM_CONSOLE_BEGINS "\0whittle"
#define KVM_CPU(name)      riscv_##name
#define KVM_CPU_ID         "hart %lu"
#define kvm_cpu_id()       kvm_hart
#define kvm_cpu_tables()   riscv_csr_read(satp)

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

/* Of the interrupt controller `node`: the number of our hart's context, for supervisor mode; -1: none. */
int kvm_tree_plic_context(int node);

/* ---- irqchip.c ---- */

/* Of another CPU than the first, before it runs: it has no timer yet. */
void kvm_timer_cpu_init(uint32_t cpu);

/* The interrupt controller, for all that want a line. On the first CPU, whose context of it is used. */
int kvm_irqchip_init(void);

/* Handlers of the CPU's interrupts, once they are used. */
extern void (*kvm_timer_handler)(void);
extern void (*kvm_external_handler)(void);

#endif
