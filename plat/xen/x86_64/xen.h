/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. One image is both kinds of domain:
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
 *	event.c     event channels: all interrupts come by them; fifo.c: in queues
 *	grant.c     memory for other domains; grantpage.c: page frames for good
 *	clock.c     time and timer
 *	console.c   console ring, Xen's own console, the runner's records
 *	power.c     the end
 *	suspend.c   standing still, and going on elsewhere
 *	frames.c    memory that goes back to Xen
 *	smp.c       other CPUs
 */
#ifndef XEN_H
#define XEN_H

#include <stddef.h>
#include <stdint.h>
#include <uk/arch/paging.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/percpu.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>
#include <uk/xen/hypercall.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "image.h"
#include "xen_asm.h"

/* How to call Xen: XEN_CALL_*. */
extern uint8_t xen_call_kind;

/* Calls with a structure, or two numbers. */
static inline long xen_call1(unsigned nr, const void *a)
{
	return uk_xen_call(nr, (uintptr_t)a, 0, 0, 0);
}

static inline long xen_call2(unsigned nr, uintptr_t a, const void *b)
{
	return uk_xen_call(nr, a, (uintptr_t)b, 0, 0);
}

static inline long xen_vcpu_op(unsigned op, uint32_t cpu, const void *arg)
{
	return uk_xen_call(__HYPERVISOR_vcpu_op, op, cpu, (uintptr_t)arg, 0);
}

/*
 * The page that Xen and we share: masks, pending events, time. It lies in the image, whose own frame there is given
 * up for it.
 */
#pragma GCC visibility push(hidden)
extern union xen_shared_page {
	struct shared_info info;
	char page[UK_PAGE_SIZE];
} xen_shared_page;
#pragma GCC visibility pop
#define xen_shared (&xen_shared_page.info)

/* This CPU's part of it, as far as the caller cannot be moved. */
static inline struct vcpu_info *xen_vcpu(void)
{
	return &xen_shared_page.info.vcpu_info[uk_cpu()];
}

/* What is known of console and store, by enum boot_fixed, from start info or parameters. A frame of ours, 0: none. */
extern struct xen_page {
	uk_paddr_t frame;
	uint32_t port;
} xen_pages[2];

/* ---- setup.c ---- */

/* What a call of Xen returned without which we cannot go on: ends the image unless that is 0, with the words "Xen refuses WHAT". */
void xen_must(long err, const char *what);

/* xen_call2() that must succeed. */
void xen_must_call(unsigned nr, uintptr_t a, const void *b, const char *what);

/* In another domain than before: the shared page, and what console and store are. */
void xen_shared_resume(void);

uk_paddr_t pv_frame_alloc(void); /* pvpaging.c */

/* A parameter of a PVH domain; 0 if Xen does not know it. */
uint64_t xen_hvm_param(unsigned index);

/* A zeroed frame, for good; 0: none is left, or it is too early. */
static inline uk_paddr_t xen_frame_alloc(void)
{
	return uk_xen_pv ? pv_frame_alloc() : uk_arch_frame_alloc();
}

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
uint64_t pv_mfn(uk_paddr_t pa);

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

/* ---- event.c ---- */

void xen_event_init(void);

/* A port whose events come to that CPU, whoever raises them. With CONFIG_SMP. */
int xen_event_ipi(uint32_t cpu);

/* Is fifo.c part of the image? */
#ifdef CONFIG_PLAT_XEN_FIFO
#define XEN_FIFO true
#else
#define XEN_FIFO false
#endif

/* All that is pending on this CPU. */
void xen_event_dispatch(void);

/*
 * ---- suspend.c, and what the others do for it ----
 *
 * First all is told that the domain is about to stand still; then that it goes on, in the same domain or elsewhere. What says so
 * runs in between with the other CPUs standing still, and takes no locks.
 */
int xen_store_suspend(void); /* 0, or -ETIMEDOUT: it cannot be */
void xen_console_suspend(void);
void xen_clock_suspend(void); /* others standing */
void xen_smp_suspend(void);   /* others standing */
void xen_grant_suspend(void); /* others standing */

void xen_event_resume(void);           /* elsewhere, others standing; the first */
void xen_random_resume(void);          /* elsewhere, others standing */
void xen_grant_resume(bool elsewhere); /* others standing */
void xen_clock_resume(bool elsewhere); /* others standing */
void xen_smp_resume(void);             /* others standing */
void xen_clock_resume_cpu(void);       /* on each CPU */
void xen_console_resume(void);
void xen_store_resume(bool elsewhere);

/* ---- clock.c ---- */

/* Xen's own clock, in ns. Any context. */
uint64_t xen_time(void);

void xen_timer_cpu_init(void);

/* ---- console.c ---- */

void xen_console_init(void);

/* When there are pages and a command line: the ring, and what waits for it. */
void xen_console_ring(void);

/* Wait, but not for ever, until what was written has left. */
void xen_console_flush(void);

/* Tell the runner the exit status. */
void xen_runner_status(int status);

/* Somebody listens for requests to end: tell the runner, and hear its. */
void xen_console_listen(void);

#endif
