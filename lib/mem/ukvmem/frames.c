/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of areas: getting them in long runs, and giving them back in long runs, since page
 * tables and the frame allocator are both cheap per run and dear per page.
 *
 * Which frame lies where is not noted here: the page tables know.
 */
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/string.h>
#include "vmem.h"

#define LARGE_PAGES (LARGE_PAGE / UK_PAGE_SIZE)
#define BATCH       32U

size_t vmem_populated;

/* A run of up to *n frames; shorter if there is none of that length, then *n says how long. */
static UK_NOINLINE uk_paddr_t get_run(size_t *n, bool large)
{
	unsigned align = large ? UK_PAGE_ALIGN : 0;
	uk_paddr_t pa;

	while (*n > 1) {
		pa = uk_page_alloc_run(*n, UK_PAGE_EASY | align);
		if (pa != UK_PAGE_NONE)
			return pa;
		if (!align)
			*n = 1UL << (uk_log2_ceil(*n) - 1);
		align = 0;
	}
	return uk_page_alloc(1, UK_PAGE_EASY);
}

#ifdef CONFIG_SMP
uk_paddr_t vmem_frames(size_t *n, bool large)
{
	uk_paddr_t pa = UK_LIKELY(*n == 1) ? uk_page_alloc(1, UK_PAGE_EASY) : get_run(n, large);

	if (UK_LIKELY(pa != UK_PAGE_NONE))
		memset(uk_page_to_virt(pa), 0, *n * UK_PAGE_SIZE);
	return pa;
}

int vmem_put(uk_vaddr_t va, uk_paddr_t pa, size_t n, unsigned prot)
{
	int err = UK_LIKELY(n == 1) ? uk_plat_map_page(va, pa, prot)
				    : uk_plat_map(va, pa, n * UK_PAGE_SIZE, prot);

	if (UK_UNLIKELY(err))
		uk_plat_unmap(va, n * UK_PAGE_SIZE);
	else
		vmem_populated += n * UK_PAGE_SIZE;
	return err;
}
#endif

int vmem_fill(uk_vaddr_t va, size_t len, unsigned prot, bool zero)
{
	uk_paddr_t pa;
	bool large;
	size_t n;
	int err;

	for (; len; va += n * UK_PAGE_SIZE, len -= n * UK_PAGE_SIZE) {
		/* Up to the next boundary of large pages, then large pages. */
		large = !(va & (LARGE_PAGES * UK_PAGE_SIZE - 1)) &&
			len >= LARGE_PAGES * UK_PAGE_SIZE;
		n = LARGE_PAGES - (va / UK_PAGE_SIZE) % LARGE_PAGES;
		n = UK_MIN(n, len / UK_PAGE_SIZE);
		pa = UK_LIKELY(n == 1) ? uk_page_alloc(1, UK_PAGE_EASY) : get_run(&n, large);
		if (UK_UNLIKELY(pa == UK_PAGE_NONE))
			return -ENOMEM;
		if (zero)
			memset(uk_page_to_virt(pa), 0, n * UK_PAGE_SIZE);
		err = UK_LIKELY(n == 1) ? uk_plat_map_page(va, pa, prot)
					: uk_plat_map(va, pa, n * UK_PAGE_SIZE, prot);
		if (UK_UNLIKELY(err)) {
			uk_plat_unmap(va, n * UK_PAGE_SIZE);
			uk_page_free_run(pa, n);
			return err;
		}
		vmem_populated += n * UK_PAGE_SIZE;
	}
	return 0;
}

int vmem_populate(uk_vaddr_t va, size_t len, unsigned prot)
{
	uk_paddr_t pa;
	size_t n;
	int err = 0;

	for (; len && !err; va += n, len -= n) {
		n = uk_plat_lookup_run(va, len, &pa);
		if (pa == UK_PAGE_NONE)
			err = vmem_fill(va, n, prot, true);
	}
	return err;
}

/* A run of anonymous memory goes as a whole; who shares a frame with others drops its reference. */
static void let_go(uk_paddr_t pa, size_t n, bool shared)
{
	vmem_populated -= n * UK_PAGE_SIZE;
	if (!shared) {
		uk_page_free_run(pa, n);
		return;
	}
	for (; n--; pa += UK_PAGE_SIZE)
		uk_page_unref(pa);
}

#ifdef CONFIG_SMP
/* May a large page reach across this address? */
static bool is_inside_large(uk_vaddr_t va)
{
	uk_vaddr_t large = UK_ALIGN_DOWN(va, LARGE_PAGE);
	uk_paddr_t pa;

	return va != large && uk_plat_lookup_run(large, LARGE_PAGE, &pa) == LARGE_PAGE &&
	       pa != UK_PAGE_NONE;
}

/*
 * A long range whose pages lie here and there goes piece by piece, and for each piece other CPUs would be
 * interrupted. So they forget it all at once, first: pages that nobody can reach go without asking. Not
 * where that could fail half-way, for want of a table for half a large page.
 */
static void close_range(uk_vaddr_t va, size_t len)
{
	if (len > BATCH * UK_PAGE_SIZE && !uk_plat_demand && !is_inside_large(va) &&
	    !is_inside_large(va + len))
		uk_plat_protect(va, len, UK_PROT_NONE);
}
#else
static inline void close_range(uk_vaddr_t va UK_UNUSED, size_t len UK_UNUSED)
{
}
#endif

int vmem_depopulate(uk_vaddr_t va, size_t len, bool shared)
{
	struct {
		uk_paddr_t pa;
		size_t len;
	} run[BATCH];
	uk_vaddr_t from;
	unsigned i, nruns;
	size_t n;
	int err;

	close_range(va, len);
	while (len) {
		/* Unmap before freeing: nobody else may get a frame that is reachable here. */
		for (from = va, nruns = 0; len && nruns < BATCH; va += n, len -= n) {
			n = uk_plat_lookup_run(va, len, &run[nruns].pa);
			run[nruns].len = n;
			if (run[nruns].pa == UK_PAGE_NONE)
				continue;
			if (nruns && run[nruns - 1].pa + run[nruns - 1].len == run[nruns].pa)
				run[nruns - 1].len += n;
			else
				nruns++;
		}
		if (!nruns && !uk_plat_demand) /* nothing was touched */
			continue;
		err = uk_plat_unmap(from, va - from);
		if (err)
			return err;
		for (i = 0; i < nruns; i++)
			let_go(run[i].pa, run[i].len / UK_PAGE_SIZE, shared);
	}
	return 0;
}
