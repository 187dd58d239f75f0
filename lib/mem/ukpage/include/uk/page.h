/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Physical page frames: who has which, and how often a frame is referred to.
 *
 * Memory enters lazily. A region that boot reports is only noted; its frames get their metadata and
 * their place in the direct map when the frontier reaches them, so that set-up costs the same for
 * 1 MiB as for 1 TiB. Free frames are kept as runs of 2^n, with single ones in a small stack before
 * that.
 *
 * A frame is named by its physical address, which is a multiple of UK_PAGE_SIZE and never 0: 0
 * means "none". uk_page_to_virt() gives the address under which the kernel reaches a frame that
 * it holds.
 *
 * All functions may be called with preemption on or off, but not from interrupt handlers (except by
 * the page faults of those, for which ukvmem answers: with it the lock masks interrupts). None blocks.
 */
#ifndef UK_PAGE_H
#define UK_PAGE_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/plat/mem.h>

#define UK_PAGE_NONE    ((uk_paddr_t)0)
#define UK_PAGE_RUN_MAX (1UL << 18) /* pages in one run: 1 GiB */

/* Flags of uk_page_alloc(). */
#define UK_PAGE_ZERO  1U /* fill with zeroes */
#define UK_PAGE_DMA32 2U /* below 4 GiB, for devices with 32 address bits */
#define UK_PAGE_ALIGN                                                                              \
	4U              /* a run starts at a multiple of its length, rounded up to a power of two */
#define UK_PAGE_EASY 8U /* fail rather than search long or ask others to give memory back */

/*
 * How somebody who has pages (a file, an object of ukvmem) is asked for one: it is going to be written
 * to, through a shared mapping; or, only if it exists already, because it lies beside one that was
 * touched.
 */
#define UK_PAGE_GET_WRITE 1U
#define UK_PAGE_GET_THERE 2U

struct uk_page_stats {
	uint64_t total; /* bytes of all regions */
	uint64_t free;  /* bytes that can still be handed out, fragmentation aside */
	uint64_t
		peak; /* highest total - free so far; what CPUs keep ready counts as not free here */
	uint64_t fresh; /* bytes that the frontier has not reached yet; part of `free` */
	uint64_t failures;
};

/*
 * Called when frames have run out: give back what you can, return true if that was anything. Runs
 * in the context of whoever allocates, so it may find its own library in the middle of something:
 * then it returns false.
 */
struct uk_page_shrinker {
	bool (*shrink)(
		void); /* preemption off; no waiting for locks that callers of uk_page_alloc() hold */
	struct uk_page_shrinker *next; /* ukpage's own */
};

UK_API_BEGIN

/*
 * Adds usable memory, which nobody may use otherwise. What the boot information calls free is
 * added by an initialiser (UK_INIT_EARLY, priority 0); this is for what becomes free later, such
 * as the initrd. Start and length are cut to whole pages. Costs a few instructions whatever the
 * length. Regions may not overlap. 0, -EINVAL if no whole page is left, -ENOSPC if there are too
 * many regions. At boot, as long as there is one thread.
 */
int uk_page_add(uk_paddr_t start, uint64_t len);

/*
 * uk_page_alloc(npages, flags): a physically contiguous run of 1 to UK_PAGE_RUN_MAX pages. Each
 * frame starts with one reference. UK_PAGE_NONE if there is no such run. (Two functions, of which
 * the number of pages selects one at compile time.)
 */
uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags);
uk_paddr_t uk_page_alloc_one(unsigned flags);

/*
 * uk_page_free(pa, npages): gives a run back, or any part of one, or adjoining ones: frames are
 * counted singly. The caller must hold the only reference to each; a panic if not.
 */
void uk_page_free_run(uk_paddr_t pa, size_t npages);
void uk_page_free_one(uk_paddr_t pa);

/* One more reference to a frame that is in use. */
void uk_page_ref(uk_paddr_t pa);

/* Drops a reference; the last one frees the frame. Returns the number of references left. */
unsigned uk_page_unref(uk_paddr_t pa);

/* Number of references to a frame: 0 if it is free or none of ours. */
unsigned uk_page_refs(uk_paddr_t pa);

void uk_page_shrinker_add(struct uk_page_shrinker *s);

/*
 * Asks everybody to give memory back, as an allocation does before it fails; true if somebody did.
 * For those who cannot allow that inside (UK_PAGE_EASY) and want to try again.
 */
bool uk_page_shrink(void);

void uk_page_stats(struct uk_page_stats *st);

/*
 * The holder of npages frames has no memory behind them for now (a balloon): they count neither as there nor as used. Negative:
 * it has some again. Any context.
 */
void uk_page_away(int64_t npages);

/*
 * For listings: the i-th region that has entered (in part), from 0 on: its frames in use or free, [*start,
 * *end). False: there are no more.
 */
bool uk_page_region(unsigned i, uk_paddr_t *start, uk_paddr_t *end);

/*
 * Frames that can still be handed out, fragmentation aside. Any context, and at no cost: with several CPUs
 * without the few (32) that each keeps ready.
 */
uint64_t uk_page_left(void);

UK_API_END

static inline uk_paddr_t uk_page_alloc(size_t npages, unsigned flags)
{
	return __builtin_constant_p(npages) && npages == 1 ? uk_page_alloc_one(flags)
							   : uk_page_alloc_run(npages, flags);
}

static inline void uk_page_free(uk_paddr_t pa, size_t npages)
{
	if (__builtin_constant_p(npages) && npages == 1)
		uk_page_free_one(pa);
	else
		uk_page_free_run(pa, npages);
}

/* The kernel's address of a frame that is in use; adjoining frames have adjoining addresses. */
static inline void *uk_page_to_virt(uk_paddr_t pa)
{
	return uk_plat_phys_to_virt(pa);
}

/* The inverse, for addresses that came from uk_page_to_virt(). */
static inline uk_paddr_t uk_page_from_virt(const void *va)
{
	return uk_plat_virt_to_phys(va);
}

#endif
