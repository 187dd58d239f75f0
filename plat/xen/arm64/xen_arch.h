/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is arm64's of this platform, a part of xen.h. A domain is a virtual machine that a device tree describes: entry, early.c, tree,
 * interrupt controller, timer and seed are those of plat/common, as on kvm.
 *
 *	setup.c     from the image's final address to uk_boot(), as a table of contents
 *	uart.c      the UART that Xen emulates for a domain that it has started by itself ("dom0less")
 *	wall.c      the clock of the day
 *	smp.c       other CPUs
 *
 * Of such a domain the tree may have no node of Xen's, and then there are no events; that of the control domain has one, and that of what the
 * toolstack starts.
 */
#ifndef XEN_ARCH_H
#define XEN_ARCH_H

#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>

#define xen_irq_close()    arm_irq_close()
#define xen_crash_report() arm_crash_report()

#define XEN_CPUS UK_CPUS

/* The shared page has room for the first CPU only: with several, each has it in memory of ours (smp.c). */
#ifdef CONFIG_SMP
struct xen_vcpu {
	struct vcpu_info info;
} UK_CPU_ALIGNED;
#pragma GCC visibility push(hidden)
extern struct xen_vcpu xen_vcpus[UK_CPUS];
#pragma GCC visibility pop

static inline struct vcpu_info *xen_vcpu(void)
{
	return &xen_vcpus[uk_cpu()].info;
}
#else
static inline struct vcpu_info *xen_vcpu(void)
{
	return &xen_shared_page.info.vcpu_info[0];
}
#endif

static inline uk_paddr_t xen_frame_alloc(void)
{
	return uk_arch_frame_alloc();
}

static inline uint64_t xen_number(uk_paddr_t pa)
{
	return pa >> UK_PAGE_SHIFT;
}

/* Events are not pending any more; they are looked at after that. */
static inline void xen_take_upcall(struct vcpu_info *v)
{
	UK_WRITE_ONCE(v->evtchn_upcall_pending, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A bit of a string of them, which others change at the same time; was it set? */
static inline bool xen_bit_clear(volatile uint64_t *words, uint32_t bit)
{
	uint64_t mask = 1UL << bit % 64;

	return __atomic_fetch_and(&words[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask;
}

static inline void xen_bit_set(volatile uint64_t *words, uint32_t bit)
{
	__atomic_fetch_or(&words[bit / 64], 1UL << bit % 64, __ATOMIC_SEQ_CST);
}

/* ---- setup.c ---- */

/* Events begin to arrive: with the first handler. The interrupt that brings them wants an interrupt controller. */
void xen_upcall_open(void);

/* The same for all CPUs that start after that; false: there are none, which nobody is told who has not asked for any. */
bool xen_upcall_request(void);

/* ---- smp.c: tells Xen where a CPU's part is; 0, or a negative errno ---- */

int xen_vcpu_register(uint32_t cpu);

/* ---- uart.c ---- */

/* Is there one? What else is in xen.h asks this first. */
extern bool xen_uart;
void xen_uart_find(void);

/* A domain without console ring that is not the control domain may write lines of text to Xen's log. */
#define XEN_LOGS true

#endif
