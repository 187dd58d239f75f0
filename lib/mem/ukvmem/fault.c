/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A page is touched that is not there.
 *
 * The first look happens on the CPU's small fault stack, with interrupts off, and suffices for
 * anonymous memory as long as there are frames. All else (files, memory from others) asks to be
 * called again, on the stack of what was interrupted.
 *
 * Whoever touches one page after the other gets more at a time: twice as many with each fault, up to
 * a large page, but never more than a small part of what is left. That costs at most as much
 * memory again as was really touched.
 *
 * With several CPUs the lock is held to look, and to map; not while the frames are zeroed.
 *
 * A few frames are kept back for faults that happen with locks held: nobody can be asked for memory
 * then. (Stacks grow at any time.)
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/page.h>
#include <uk/plat/power.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include "vmem.h"

#define LARGE_PAGES (LARGE_PAGE / UK_PAGE_SIZE)
#define SHARE       64U /* at most a 64th of what is left at a time */
#define RESERVE     16U /* frames kept for those who hold locks, and the page tables they need */

/* Are there other CPUs, which may have brought the page meanwhile? */
#ifdef CONFIG_SMP
#define OTHERS true
#else
#define OTHERS false
#endif

static bool permits(unsigned prot, unsigned access)
{
	if (access & UK_TRAP_EXEC)
		return prot & UK_VMEM_EXEC;
	return access & UK_TRAP_WRITE ? prot & UK_VMEM_WRITE : prot;
}

/* Is nothing mapped in the range yet? */
static bool is_hole(uk_vaddr_t va, size_t len)
{
	uk_paddr_t pa;

	return uk_plat_lookup_run(va, len, &pa) == len && pa == UK_PAGE_NONE;
}

/*
 * How many bytes to bring from *va on, which moves to the large page's start for a large page; 0 if they are there. `again`: not
 * the first look, so the page may have come since, as that of a stack whose lower end was wanted for the second look.
 */
static size_t span(struct area *a, uk_vaddr_t *va, bool again)
{
	uk_vaddr_t large = UK_ALIGN_DOWN(*va, LARGE_PAGE), end = large + LARGE_PAGE;
	uint64_t most = uk_page_left() / SHARE;
	uk_paddr_t pa;
	size_t n;

	if (UK_UNLIKELY(a->what.flags & AREA_HUGE) && large >= a->start && end <= a->end &&
	    most * SHARE >= 2 * LARGE_PAGES && is_hole(large, LARGE_PAGE)) {
		*va = large;
		return LARGE_PAGE;
	}
	a->window = *va == a->expect ? UK_MIN(2 * a->window, (uint32_t)LARGE_PAGES) : 1;
	n = UK_MAX(UK_MIN((size_t)a->window, most), 1UL) * UK_PAGE_SIZE;
	n = UK_MIN(n, UK_MIN(a->end, end) - *va);
	if (n > UK_PAGE_SIZE || OTHERS || again) {
		n = uk_plat_lookup_run(*va, n, &pa);
		if (pa != UK_PAGE_NONE)
			return 0;
	}
	a->expect = *va + n;
	return n;
}

#ifdef CONFIG_SMP
/* Is the page still to be brought as `w` says, and the rest of the range where it belongs? */
static bool is_still(const struct area *a, const struct what *w, uk_vaddr_t va, size_t n)
{
	return a && a->start <= va && va + n <= a->end && a->what.prot == w->prot &&
	       a->what.flags == w->flags && !a->what.obj &&
	       !(w->flags & AREA_GUARD && a->start == va);
}

/*
 * Nearly all the time goes into making zeroes, which others need not wait for: the lock is dropped
 * meanwhile. Afterwards the area may be another, or somebody may have brought some of the pages: what
 * is not wanted any more goes back. 0, -EAGAIN (look again), -ENOMEM.
 */
static int bring(struct area *a, uk_vaddr_t va, size_t n, unsigned prot, bool *was)
{
	const struct what w = a->what;
	size_t pages = n / UK_PAGE_SIZE, room;
	uk_paddr_t pa, there;
	int err = -EAGAIN;

	vmem_leave(*was);
	pa = vmem_frames(&pages, n == LARGE_PAGE);
	*was = vmem_enter();
	if (UK_UNLIKELY(pa == UK_PAGE_NONE))
		return -ENOMEM;
	if (UK_LIKELY(is_still(area_at(space_of(va), va), &w, va, pages * UK_PAGE_SIZE))) {
		room = uk_plat_lookup_run(va, pages * UK_PAGE_SIZE, &there) / UK_PAGE_SIZE;
		if (UK_UNLIKELY(there != UK_PAGE_NONE)) /* then they need no frames of ours */
			room = 0;
		err = room ? vmem_put(va, pa, room, prot) : 0;
		if (UK_UNLIKELY(err) && room > 1) /* no tables for so many */
			err = vmem_put(va, pa, room = 1, prot);
		if (UK_LIKELY(!err)) {
			pa += room * UK_PAGE_SIZE;
			pages -= room;
		}
	}
	if (UK_UNLIKELY(pages))
		uk_page_free_run(pa, pages);
	return err;
}
#else
static int bring(struct area *a UK_UNUSED, uk_vaddr_t va, size_t n, unsigned prot,
		 bool *was UK_UNUSED)
{
	int err = vmem_fill(va, n, prot, true);
	uk_paddr_t pa;

	if (UK_UNLIKELY(err) && n > UK_PAGE_SIZE) /* part of it may be there */
		err = !uk_plat_lookup(va, &pa, NULL) ? 0 : vmem_fill(va, UK_PAGE_SIZE, prot, true);
	return err;
}
#endif

#ifdef CONFIG_SMP
/*
 * The host brings these pages, so what faulted met a change: where another CPU replaces an area, or moves
 * it, the host has nothing there for a moment, and where protection was given back it came too late.
 * Now the lock is ours, and it is worth another try, unless nothing was changed since the last one.
 */
static int host_fault(uk_vaddr_t va)
{
	static struct UK_CPU_ALIGNED {
		uk_vaddr_t va;
		uint64_t changes;
	} last[UK_CPUS];
	unsigned cpu = uk_cpu();

	if (last[cpu].va == va && last[cpu].changes == vmem_changes)
		return -EFAULT;
	last[cpu].va = va;
	last[cpu].changes = vmem_changes;
	return 0;
}
#else
static int host_fault(uk_vaddr_t va UK_UNUSED)
{
	return -EFAULT;
}
#endif

static int zero_fault(struct area *a, uk_vaddr_t va, unsigned access, unsigned how, bool *was)
{
	unsigned prot = vmem_hw_prot(a->what.prot);
	size_t n;

	if (UK_UNLIKELY(access & UK_TRAP_PRESENT)) /* an old entry in some CPU's TLB */
		return uk_plat_protect(va, UK_PAGE_SIZE, prot);
	n = span(a, &va, !(how & UK_PAGE_FAULT_FAST));
	return UK_UNLIKELY(!n) ? 0 : bring(a, va, n, prot, was);
}

static int fault(uk_vaddr_t va, unsigned access, unsigned how)
{
	uk_vaddr_t page = UK_ALIGN_DOWN(va, UK_PAGE_SIZE);
	bool was = vmem_enter();
	struct area *a = area_at(space_of(va), page);
	int err;

	if (!a || a->start > page || (a->what.flags & AREA_GUARD && a->start == page))
		err = -EFAULT;
	else if (!permits(a->what.prot, access))
		err = -EACCES;
	else if (how & UK_PAGE_FAULT_FAST && (a->what.obj || uk_page_left() < RESERVE))
		err = -EAGAIN;
	else if (a->what.obj)
		err = object_fault(a, page, access & UK_TRAP_WRITE, &was);
	else
		err = on_demand(&a->what) ? host_fault(page)
					  : zero_fault(a, page, access, how, &was);
	vmem_leave(was);
	return err;
}

/* As long as others can give memory back, if they may be asked. */
static int fault_or_shrink(uk_vaddr_t va, unsigned access, unsigned how)
{
	int err;

	do
		err = fault(va, access, how);
	while (err == -EAGAIN || (err == -ENOMEM && how & UK_PAGE_FAULT_FREE && uk_page_shrink()));
	return err;
}

static UK_COLD UK_NORETURN void out_of_memory(void)
{
	struct uk_vmem_stats vm;
	struct uk_page_stats st;

	uk_vmem_stats(&vm);
	uk_page_stats(&st);
	uk_pr_err("out of memory: %lu KiB mapped, %lu of %lu KiB of memory used; give more with "
		  "--memory",
		  (unsigned long)vm.mapped >> 10, (unsigned long)(st.total - st.free) >> 10,
		  (unsigned long)st.total >> 10);
	uk_plat_exit(137); /* what a process gets that Linux ends for want of memory */
}

static int handle(uk_vaddr_t va, unsigned access, unsigned how)
{
	int err;

	if (how & UK_PAGE_FAULT_FAST)
		return fault(va, access, how);
	if (how & UK_PAGE_FAULT_FREE && uk_page_left() < RESERVE)
		uk_page_shrink();
	err = fault_or_shrink(va, access, how);
	if (err == -ENOMEM)
		out_of_memory();
	return err;
}

int uk_page_fault_hook(uk_vaddr_t va, unsigned access, unsigned how)
{
	int err;

	uk_fault_pause(1);
	err = handle(va, access, how);
	uk_fault_pause(-1);
	return err;
}

int vmem_fault_range(uk_vaddr_t va, size_t len, bool write)
{
	unsigned access = write ? UK_TRAP_WRITE : UK_TRAP_READ;
	int err = 0;

	for (; len && !err; va += UK_PAGE_SIZE, len -= UK_PAGE_SIZE)
		err = fault_or_shrink(va, access, UK_PAGE_FAULT_FREE);
	return err;
}
