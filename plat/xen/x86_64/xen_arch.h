/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is x86_64's of this platform, a part of xen.h. One image is both kinds of domain:
 *
 *	PVH	a virtual machine without a PC around it. entry.S and early.c of plat/common/x86_64 boot it as they
 *		boot any; page tables, traps and masks are the CPU's
 *	PV	pventry.S; Xen's kernel is ours: page tables (pvpaging.c), traps (pvtrap.c), the mask of
 *		interrupts and other CPUs are asked of it
 *
 * In order of boot:
 *
 *	pventry.S   entries of a PV domain, and calls of Xen
 *	pvstart.c   from there to the image's final address; boot information
 *	setup.c     what happens then, as a table of contents
 *	memory.c    <uk/plat/mem.h>: pvpaging.c, or arch/x86_64's
 *
 * and at run time, for both:
 *
 *	clock.c     time and timer
 *	suspend.c   standing still, and going on elsewhere
 *	smp.c       other CPUs
 */
#ifndef XEN_ARCH_H
#define XEN_ARCH_H

#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>

#include "xen_asm.h"

#define xen_irq_close()    x86_irq_close()
#define xen_crash_report() x86_crash_report()

/* All CPUs that there can be have their part of the shared page. */
#define XEN_CPUS (UK_CPUS < XEN_LEGACY_MAX_VCPUS ? UK_CPUS : XEN_LEGACY_MAX_VCPUS)

static inline struct vcpu_info *xen_vcpu(void)
{
	return &xen_shared_page.info.vcpu_info[uk_cpu()];
}

/* Events are not pending any more; they are looked at after that: by locked instructions, which this does not overtake. */
static inline void xen_take_upcall(struct vcpu_info *v)
{
	v->evtchn_upcall_pending = 0;
	UK_BARRIER();
}

/* A bit of a string of them, which others change at the same time; was it set? */
static inline bool xen_bit_clear(volatile uint64_t *words, uint32_t bit)
{
	bool was;

	__asm__ volatile("lock btrq %2, %0"
			 : "+m"(*words), "=@ccc"(was)
			 : "r"((uint64_t)bit)
			 : "memory", "cc");
	return was;
}

static inline void xen_bit_set(volatile uint64_t *words, uint32_t bit)
{
	__asm__ volatile("lock btsq %1, %0"
			 : "+m"(*words)
			 : "r"((uint64_t)bit)
			 : "memory", "cc");
}

/* How to call Xen: XEN_CALL_*. */
extern uint8_t xen_call_kind;

uk_paddr_t pv_frame_alloc(void); /* pvpaging.c */
uint64_t pv_mfn(uk_paddr_t pa);

static inline uk_paddr_t xen_frame_alloc(void)
{
	return uk_xen_pv ? pv_frame_alloc() : uk_arch_frame_alloc();
}

static inline uint64_t xen_number(uk_paddr_t pa)
{
	return uk_xen_pv ? pv_mfn(pa) : pa >> UK_PAGE_SHIFT;
}

/* Events arrive by themselves. */
static inline void xen_upcall_open(void)
{
}

/* No domain has a UART, and only the control domain may write to Xen's log. */
#define xen_uart false
#define XEN_LOGS false

/* ---- pvstart.c ---- */

/* Stays in the direct map. */
struct start_info;
extern struct start_info *xen_start_info;

/* Ports and frames of console and store, from there. */
void xen_pv_pages(void);

/* Fills in what start info says. */
void xen_pv_boot(struct uk_bootinfo *bi, uint32_t info);

/* ---- pvpaging.c ---- */

void pv_pt_init(uint64_t *root, uk_paddr_t first, unsigned n, bool nx);
void pv_pt_moved(uintptr_t offset);

/* Before those: where the lists are. */
void pv_pt_start(const struct start_info *si);

void pv_pt_drop_identity(void);

/* The frame of ours that is machine frame `mfn`; 0 if it is not ours. */
uk_paddr_t pv_paddr(uint64_t mfn);

/* Puts the machine frame at a page of the image, in place of its own. */
void pv_map_machine(const void *va, uint64_t maddr);

int pv_direct_map(uk_paddr_t pa, size_t len);
int pv_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot);
int pv_unmap(uk_vaddr_t va, size_t len);
int pv_protect(uk_vaddr_t va, size_t len, unsigned prot);
int pv_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot);
size_t pv_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa);
int pv_move(uk_vaddr_t from, uk_vaddr_t to, size_t len);
void pv_set_frames(const struct uk_plat_frames *frames);

/* The root's machine address, for another CPU. */
uint64_t pv_root(void);

/* ---- pvtrap.c ---- */

void pv_traps(void);

/* The trap table, in XEN_TRAPS entries, the last of which is empty. */
#define XEN_TRAPS (XEN_PV_STUBS + 1)
struct trap_info;
void pv_trap_table(struct trap_info *t);

/* ---- clock.c ---- */

void xen_timer_cpu_init(void);

#endif
