/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default heap when frames are scattered: areas make rows of them, and they come back.
 */
#include <uk/alloc.h>
#include <uk/config.h>
#include <uk/page.h>
#include <uk/test.h>

UK_TEST(ukvmem, heap_from_scattered_frames)
{
	const size_t want = 64 * UK_PAGE_SIZE;
	uk_paddr_t pa, held = 0, freed = 0, *link;
	struct uk_page_stats st;
	bool keep = false;
	void *p;

#ifdef CONFIG_LIBUKVMEM_SPACES
	UK_TEST_SKIP("areas are an address space's, the heap is not");
#endif
	uk_page_stats(&st);
	if (st.free > 256UL << 20)
		UK_TEST_SKIP("too much memory to scatter");
	uk_alloc_trim(uk_heap); /* what the heap has in reserve would do as well */
	/* Take all frames, then give every other one back: no two that are free adjoin. */
	while ((pa = uk_page_alloc_run(1, UK_PAGE_EASY))) {
		link = uk_page_to_virt(pa);
		*link = keep ? held : freed;
		*(keep ? &held : &freed) = pa;
		keep = !keep;
	}
	while ((pa = freed)) {
		freed = *(uk_paddr_t *)uk_page_to_virt(pa);
		uk_page_free(pa, 1);
	}
	uk_page_stats(&st);
	p = st.free > 2 * want ? uk_malloc(want) : NULL;
	if (p)
		memset(p, 1, want);
	uk_free(p);
	uk_alloc_trim(uk_heap);
	while ((pa = held)) {
		held = *(uk_paddr_t *)uk_page_to_virt(pa);
		uk_page_free(pa, 1);
	}
	UK_EXPECT(p != NULL || st.free <= 2 * want);
}
