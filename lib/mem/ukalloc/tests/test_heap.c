/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default heap, whichever provider it is: it grows from page frames, and gives them back when
 * others need them.
 */
#include <uk/alloc.h>
#include <uk/page.h>
#include <uk/test.h>

UK_TEST(ukalloc, grows_from_frames)
{
	struct uk_alloc_stats before, after;
	struct uk_page_stats ps;
	size_t size;
	void *p;

	uk_alloc_stats(uk_heap, &before);
	uk_page_stats(&ps);
	size = UK_MIN((before.total + 100000) & ~4095UL, ps.free / 4);
	p = uk_malloc(size);
	UK_REQUIRE(p != NULL);
	memset(p, 1, size);
	uk_alloc_stats(uk_heap, &after);
	UK_EXPECT_GE(after.used - before.used, size);
	UK_EXPECT_EQ(after.allocs - before.allocs, 1UL);
	uk_free(p);
	uk_alloc_stats(uk_heap, &after);
	UK_EXPECT_EQ(after.frees - before.frees, 1UL);
}

UK_TEST(ukalloc, default_provider)
{
	struct uk_alloc *a;
	void *mem = uk_malloc(65536);

	UK_REQUIRE(mem != NULL);
	a = uk_alloc_create(mem, 65536, NULL);
	UK_REQUIRE(a != NULL);
	UK_EXPECT(uk_alloc_malloc(a, 1000) != NULL);
	UK_EXPECT(uk_alloc_malloc(a, 100000) == NULL); /* it has no source */
	uk_free(mem);
}

UK_TEST(ukalloc, impossible_sizes)
{
	UK_EXPECT(uk_malloc(SIZE_MAX) == NULL);
	UK_EXPECT(uk_malloc(SIZE_MAX / 2) == NULL);
	UK_EXPECT(uk_calloc(1UL << 33, 1UL << 33) == NULL);
	UK_EXPECT(uk_malloc(1UL << 46) == NULL);
}
