/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every kind of allocation can be made to fail, just where it was asked for; what fails leaves
 * nothing behind.
 */
#include <uk/alloc.h>
#include <uk/faultinject.h>
#include <uk/page.h>
#include <uk/test.h>

UK_TEST(ukfaultinject, nth_of_the_heap)
{
	void *a, *b, *c;

	uk_fault_arm(2, 1, 1U << UK_FAULT_HEAP);
	a = uk_malloc(10);
	b = uk_malloc(10);
	c = uk_malloc(10);
	UK_EXPECT_EQ(uk_fault_disarm(), 3UL);
	UK_EXPECT(a && !b && c);
	uk_fault_arm(1, 1, 1U << UK_FAULT_HEAP);
	UK_EXPECT(uk_realloc(a, 5000) == NULL); /* and `a` is still a block */
	uk_fault_disarm();
	UK_EXPECT_GE(uk_alloc_usable_size(uk_heap, a), 10UL);
	uk_free(a);
	uk_free(c);
}

UK_TEST(ukfaultinject, all_from_the_nth_on)
{
	uk_fault_arm(1, 0, 1U << UK_FAULT_HEAP);
	UK_EXPECT(uk_malloc(1) == NULL);
	UK_EXPECT(uk_calloc(1, 1) == NULL);
	UK_EXPECT(uk_memalign(64, 10) == NULL);
	UK_EXPECT_EQ(uk_fault_disarm(), 3UL);
}

UK_TEST(ukfaultinject, frames)
{
	uk_paddr_t pa;

	uk_fault_arm(1, 1, 1U << UK_FAULT_FRAME);
	UK_EXPECT_EQ(uk_page_alloc(1, 0), UK_PAGE_NONE);
	uk_fault_arm(1, 1, 1U << UK_FAULT_FRAME);
	UK_EXPECT_EQ(uk_page_alloc(4, 0), UK_PAGE_NONE);
	uk_fault_arm(1, 1, 1U << UK_FAULT_HEAP); /* of another kind: not met */
	pa = uk_page_alloc(1, 0);
	UK_EXPECT_EQ(uk_fault_disarm(), 0UL);
	UK_REQUIRE(pa != UK_PAGE_NONE);
	uk_page_free(pa, 1);
}

/* The heap asks for frames when it grows: their failure is the heap's. */
UK_TEST(ukfaultinject, heap_without_frames)
{
	struct uk_alloc_stats before, after;
	uint64_t n, points;
	void *p;

	uk_alloc_stats(uk_heap, &before);
	for (n = 1; n < 100; n++) {
		uk_fault_arm(n, 0, 1U << UK_FAULT_FRAME);
		p = uk_malloc(8UL << 20);
		points = uk_fault_disarm();
		if (points < n)
			break;
		UK_EXPECT(p == NULL || n > 1);
		uk_free(p);
	}
	UK_EXPECT(p != NULL);
	uk_free(p);
	UK_EXPECT_LT(n, 100UL);
	uk_alloc_stats(uk_heap, &after);
	UK_EXPECT_EQ(after.used, before.used);
}
