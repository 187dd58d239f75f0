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

/* How many bytes to bring from *va on, which moves to the large page's start for a large page. */
static size_t span(struct area *a, uk_vaddr_t *va)
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
	if (n > UK_PAGE_SIZE || OTHERS) {
		n = uk_plat_lookup_run(*va, n, &pa);
		if (pa != UK_PAGE_NONE) /* somebody else was faster */
			return 0;
	}
	a->expect = *va + n;
	return n;
}

static int zero_fault(struct area *a, uk_vaddr_t va, unsigned access)
{
	unsigned prot = vmem_hw_prot(a->what.prot);
	uk_paddr_t pa;
	size_t n;
	int err;

	if (UK_UNLIKELY(access & UK_TRAP_PRESENT)) /* an old entry in some CPU's TLB */
		return uk_plat_protect(va, UK_PAGE_SIZE, prot);
	n = span(a, &va);
	err = vmem_fill(va, n, prot, true);
	if (UK_UNLIKELY(err) && n > UK_PAGE_SIZE) /* part of it may be there */
		err = !uk_plat_lookup(va, &pa, NULL) ? 0 : vmem_fill(va, UK_PAGE_SIZE, prot, true);
	return err;
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
		err = on_demand(&a->what) ? -EFAULT : zero_fault(a, page, access);
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
