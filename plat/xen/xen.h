/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. Here is what stands for every CPU:
 *
 *	event.c     event channels; fifo.c: in queues
 *	grant.c     memory for other domains; grantpage.c: page frames for good
 *	pages.h     what is shared with the toolstack, and how it is found
 *	console.c   console ring, Xen's own console, the runner's records
 *	power.c     the end
 *	frames.c    memory that goes back to Xen
 *	store.c     where xenstore is
 *
 * and in a folder for each CPU, which has its own table of contents in xen_arch.h: how a domain starts, how events arrive, time.
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
#include <xen/memory.h>

#include "image.h"

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

/* What is known of console and store, by enum boot_fixed, from start info or parameters. A frame of ours, 0: none. */
extern struct xen_page {
	uk_paddr_t frame;
	uint32_t port;
} xen_pages[2];

/* ---- pages.h ---- */

/* What a call of Xen returned without which we cannot go on: ends the image unless that is 0, with the words "Xen refuses WHAT". */
void xen_must(long err, const char *what);

/* xen_call2() that must succeed. */
void xen_must_call(unsigned nr, uintptr_t a, const void *b, const char *what);

/* A parameter of a virtual machine; 0 if Xen does not know it. */
uint64_t xen_hvm_param(unsigned index);

/* Puts number `n` of the frames that Xen has for a purpose (XENMAPSPACE_*) in the place of our frame number `gpfn`. */
static inline long xen_add_to_physmap(unsigned space, unsigned n, uint64_t gpfn)
{
	struct xen_add_to_physmap a = {
		.domid = DOMID_SELF, .space = space, .idx = n, .gpfn = gpfn
	};

	return xen_call2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &a);
}

/* ---- the CPU's ---- */

/* What Xen and this CPU share, as far as the caller cannot be moved. */
static inline struct vcpu_info *xen_vcpu(void);

/* In another domain than before: the shared page, and what console and store are. */
void xen_shared_resume(void);

/* A zeroed frame, for good; 0: none is left, or it is too early. */
static inline uk_paddr_t xen_frame_alloc(void);

/* The number by which Xen knows a frame. */
static inline uint64_t xen_number(uk_paddr_t pa);

/* A frame number of ours in whose place frame `n` of the grant table, and of its status behind XEN_GRANT_FRAMES, can be; 0: there is none. */
uint64_t xen_grant_place(unsigned n);

/* Xen's own clock, in ns, or another that runs beside it. Any context. */
uint64_t xen_time(void);

/* Where `xen_uart` says that there is one: a byte of input, if there is any; fn is called when there may be. 0, or a negative errno. */
void xen_uart_write(const char *s, size_t n);
bool xen_uart_read(char *c);
int xen_uart_listen(void (*fn)(void *arg));

/* Of xen_arch.h: xen_irq_close(), xen_crash_report(): the CPU's. */
#include "xen_arch.h"

/*
 * ---- what PV domains do in another way: only x86_64 has them, elsewhere uk_xen_pv is a constant and nothing of this is called ----
 */

/* The grant table, of so many frames at most, or its status: frame `n` of it at `va`; all n, which are there, go for a while and come again. */
#define XEN_GRANT_FRAMES 64U
int pv_grant_map(bool of_status, unsigned n, uk_vaddr_t va);
void pv_grant_suspend(uk_vaddr_t va, unsigned n);
void pv_grant_resume(bool of_status, uk_vaddr_t va, unsigned n);

/* A frame of the direct map that has no memory any more, or has it again, and which that is. */
void pv_direct_unmap(uk_paddr_t frame);
void pv_direct_remap(uk_paddr_t frame);
void pv_set_mfn(uk_paddr_t frame, uint64_t mfn);
uint64_t pv_npages(void);

/* ---- event.c ---- */

void xen_event_init(void);

/* With CONFIG_SMP: events may come to that CPU, which is not the first; a port whose events do, whoever raises them. */
int xen_event_cpu(uint32_t cpu);
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
 * ---- x86_64's suspend.c, and what the others do for it ----
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
