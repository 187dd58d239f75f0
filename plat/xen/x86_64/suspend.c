/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The domain stands still, its memory is written to a file or sent to another host, and it goes on from the same instruction: in
 * a new domain, where Xen's side of everything is new (shared page, event channels, grant table, time), or in the old
 * one, if the tools changed their mind (Xen public/sched.h, SHUTDOWN_suspend).
 *
 * Under PV the tools have to understand our memory: in page tables machine frames stand where the next domain will have others. So
 * those may mention nothing but frames in the list of ours, which the tools find by what is written in the shared page.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/clock.h>
#include <uk/print.h>
#include <uk/xen/power.h>

#ifdef CONFIG_SMP
#include <uk/cpuset.h>
#include <uk/smp.h>
#include <uk/thread.h>
#endif

#include "pvpaging.h"
#include "xen.h"

#include <xen/sched.h>

/* Where the list of frames is shown to the tools, if it is so long that this matters; as random as the direct map. */
#define VA_FRAMES (UK_VA_IMAGE + (6UL << 40))
#define GIB       (1UL << 30)

static uintptr_t frames_at; /* 0: PVH, or it could not be mapped */
static bool elsewhere;

/* ---- PV ---- */

/*
 * Tools of Xen 4.17 count the tables of a list of several from the start of its GiB, so a long one has to begin there.
 */
static int pv_show_frames(void)
{
	size_t len = UK_ALIGN_UP(pvt.npages * sizeof(*pvt.p2m), UK_PAGE_SIZE);
	int rc = 0;

	frames_at = (uintptr_t)pvt.p2m;
	if (pvt.npages > GIB >> UK_PAGE_SHIFT) {
		frames_at = VA_FRAMES + UK_ALIGN_DOWN(uk_plat_direct_base & ((1UL << 39) - 1), GIB);
		rc = pv_map(frames_at, uk_plat_virt_to_phys(pvt.p2m), len, UK_PROT_READ);
	}
	return rc;
}

static void pv_tell_frames(void)
{
	struct arch_shared_info *a = &xen_shared->arch;

	a->max_pfn = pvt.npages;
	a->p2m_vaddr = frames_at;
	a->p2m_generation = 0;
	UK_BARRIER();
	a->p2m_cr3 = pv_root();
}

/* Frames of start info, as the tools want them while we stand still, and as we read them. */
static void start_info_frames(struct start_info *si, bool ours)
{
	if (ours) {
		si->store_mfn = pv_paddr(si->store_mfn) >> UK_PAGE_SHIFT;
		si->console.domU.mfn = pv_paddr(si->console.domU.mfn) >> UK_PAGE_SHIFT;
	} else {
		si->store_mfn = pv_mfn(si->store_mfn << UK_PAGE_SHIFT);
		si->console.domU.mfn = pv_mfn(si->console.domU.mfn << UK_PAGE_SHIFT);
	}
}

static long suspend(uint64_t record)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_suspend };

	return uk_xen_call(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&s, record, 0);
}

static long suspend_pv(void)
{
	struct start_info *si = xen_start_info;
	long rc;

	start_info_frames(si, true);
	/* In place of the shared page, which is Xen's, its frame in the image. */
	pv_map_machine(&xen_shared_page, pv_mfn(image_paddr(&xen_shared_page)) << UK_PAGE_SHIFT);
	rc = suspend(pv_mfn(uk_plat_virt_to_phys(si)));
	if (rc)
		start_info_frames(si, false);
	pv_map_machine(&xen_shared_page, si->shared_info);
	return rc;
}

/* ---- both ---- */

/* With the other CPUs standing still. */
static void stand_still(void *arg)
{
	long *rc = arg;

	x86_irq_close();
	xen_clock_suspend();
#ifdef CONFIG_SMP
	xen_smp_suspend();
#endif
	xen_grant_suspend();
	*rc = uk_xen_pv ? suspend_pv() : suspend(0);
	elsewhere = !*rc;
	if (elsewhere) {
		xen_shared_resume();
		xen_event_resume();
		xen_random_resume();
	}
	if (uk_xen_pv)
		pv_tell_frames();
	xen_grant_resume(elsewhere);
	xen_clock_resume(elsewhere);
#ifdef CONFIG_SMP
	xen_smp_resume();
#endif
	x86_irq_open(); /* still masked by software */
}

#ifdef CONFIG_SMP
static void resume_cpu(void *arg UK_UNUSED)
{
	xen_clock_resume_cpu();
}

/* On the first CPU, whose registers the tools look at. */
static int stand_still_all(void)
{
	struct uk_cpuset first = { 0 }, before;
	long rc = 0;

	uk_cpuset_add(&first, 0);
	uk_thread_get_cpus(uk_thread_current(), &before);
	uk_thread_set_cpus(uk_thread_current(), &first);
	uk_smp_alone(stand_still, &rc);
	uk_smp_call(NULL, resume_cpu, NULL);
	xen_clock_resume_cpu();
	uk_thread_set_cpus(uk_thread_current(), &before);
	return (int)rc;
}
#else
static int stand_still_all(void)
{
	bool irq = uk_irq_save();
	long rc = 0;

	stand_still(&rc);
	uk_irq_restore(irq);
	xen_clock_resume_cpu();
	return (int)rc;
}
#endif

int uk_xen_suspend_init(void)
{
	int rc;

	if (!uk_xen_pv)
		return 0;
	rc = pv_show_frames();
	if (!rc)
		pv_tell_frames();
	return rc;
}

int uk_xen_suspend(void)
{
	int rc = xen_store_suspend();

	if (rc)
		return rc;
	xen_console_suspend();
	rc = stand_still_all();
	xen_console_resume();
	xen_store_resume(elsewhere);
	return rc;
}
