/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default heap: the provider chosen in the menu, over page frames.
 *
 * It starts with a few pages and takes more as they are needed. When frames run short, ukpage asks
 * everybody who can spare some (a shrinker): the heap then returns its idle pages, so that a
 * program's heap, its mappings and its files share one memory without anybody dividing it up.
 */
#include <uk/alloc.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/sanitize.h>

#define HEAP_FIRST_PAGES 8

/* The heap is everybody's; an area may be one address space's. */
#ifdef CONFIG_LIBUKVMEM_SPACES
#define AREAS_DIFFER true
#else
#define AREAS_DIFFER false
#endif

struct uk_alloc *uk_heap;

/* ukvmem's. Weak, because an image may do without it. */
UK_API_BEGIN
void *uk_vmem_map_anon(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags) UK_OPTIONAL;
int uk_vmem_unmap(uk_vaddr_t va, size_t len) UK_OPTIONAL;
UK_API_END

/* When there are frames enough, but not in a row: an area makes a row of them. */
static void *map_scattered(size_t len)
{
	void *p;

	if (!uk_vmem_map_anon || len == UK_PAGE_SIZE || AREAS_DIFFER)
		return NULL;
	p = uk_vmem_map_anon(0, len, UK_PROT_READ | UK_PROT_WRITE, 8 /* UK_VMEM_POPULATE */);
	return uk_is_err(p) ? NULL : p;
}

/* Frames lie in the direct map: no page table is touched when the heap grows or shrinks. */
static void *heap_more(size_t min, size_t want, size_t *len)
{
	uk_paddr_t pa;

	for (;; want = UK_MAX(min, UK_ALIGN_UP(want / 2, UK_PAGE_SIZE))) {
		/* Only the last try may take memory from others. */
		pa = uk_page_alloc_run(want / UK_PAGE_SIZE, want > min ? UK_PAGE_EASY : 0);
		if (pa != UK_PAGE_NONE)
			break;
		if (want == min) {
			*len = min;
			return map_scattered(min);
		}
	}
	*len = want;
	uk_sanitize_close(uk_page_to_virt(pa), want, UK_KASAN_HEAP);
	return uk_page_to_virt(pa);
}

static void heap_less(void *base, size_t len)
{
	uk_vaddr_t va = (uk_vaddr_t)base;

	uk_sanitize_open(base, len);
	/* Unmapping fails only for want of a frame to split a large page: it stays mapped then. */
	if (va >= UK_VA_AREAS && va < UK_VA_AREAS_END)
		uk_vmem_unmap(va, len);
	else
		uk_page_free_run(uk_page_from_virt(base), len / UK_PAGE_SIZE);
}

static const struct uk_alloc_source heap_source = { .more = heap_more, .less = heap_less };

static bool heap_shrink(void)
{
	return uk_alloc_trim(uk_heap) > 0;
}

static struct uk_page_shrinker heap_shrinker = { .shrink = heap_shrink };

static int heap_init(void)
{
	uk_paddr_t pa = uk_page_alloc_run(HEAP_FIRST_PAGES, 0);

	if (pa == UK_PAGE_NONE)
		return -ENOMEM;
	uk_heap =
		uk_alloc_create(uk_page_to_virt(pa), HEAP_FIRST_PAGES * UK_PAGE_SIZE, &heap_source);
	if (!uk_heap)
		return -ENOMEM;
	uk_page_shrinker_add(&heap_shrinker);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "1", heap_init, NULL);
