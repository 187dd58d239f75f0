/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slab allocator: what every allocator does; nothing of its own inside blocks; no block's
 * neighbour known beforehand; idle memory goes back.
 */
#include <uk/alloc_test.h>
#include <uk/allocslab.h>
#include <uk/config.h>

#define LEN 262144UL

UK_TEST(ukallocslab, basics)
{
	uk_alloc_test_basics(ukallocslab_create);
}

UK_TEST(ukallocslab, refusals)
{
	uk_alloc_test_refusals(ukallocslab_create);
}

UK_TEST(ukallocslab, realloc)
{
	uk_alloc_test_realloc(ukallocslab_create);
}

UK_TEST(ukallocslab, exhaustion)
{
	uk_alloc_test_exhaustion(ukallocslab_create, UK_ALLOC_FREES);
}

UK_TEST(ukallocslab, stress)
{
	uk_alloc_test_stress(ukallocslab_create, UK_ALLOC_FREES);
}

UK_TEST(ukallocslab, little_is_lost_by_rounding)
{
	void *mem = uk_memalign(4096, LEN), *p;
	struct uk_alloc *a = mem ? ukallocslab_create(mem, LEN, NULL) : NULL;
	size_t size;

	UK_REQUIRE(a != NULL);
	for (size = 1; size <= 8192; size++) {
		p = uk_alloc_malloc(a, size);
		UK_REQUIRE(p != NULL);
		UK_EXPECT_LE(uk_alloc_usable_size(a, p), size + UK_MAX(15UL, size / 4));
		uk_alloc_free(a, p);
	}
	uk_free(mem);
}

/* All that users hold and all that is free may be overwritten: the allocator goes on. */
UK_TEST(ukallocslab, nothing_of_its_own_in_blocks)
{
	void *mem = uk_memalign(4096, LEN), *list[300];
	struct uk_alloc *a = mem ? ukallocslab_create(mem, LEN, NULL) : NULL;
	char *low = (char *)UINTPTR_MAX, *high = NULL;
	struct uk_alloc_stats st;
	unsigned round, i;

	UK_REQUIRE(a != NULL);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 300; i++) {
			list[i] = uk_alloc_malloc(a, 16 + i * 2 % 500);
			UK_REQUIRE(list[i] != NULL);
			low = UK_MIN(low, (char *)list[i]);
			high = UK_MAX(high, (char *)list[i] + 16);
		}
		memset(low, 0xff, high - low);
		for (i = 0; i < 300; i++)
			uk_alloc_free(a, list[i]);
		memset(low, 0xff, high - low);
	}
	uk_alloc_trim(a);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.used, 0UL);
	uk_free(mem);
}

#ifdef CONFIG_LIBUKALLOCSLAB_RANDOM
UK_TEST(ukallocslab, random_order)
{
	void *mem = uk_memalign(4096, LEN);
	uintptr_t gap[2][32], p, last;
	struct uk_alloc *a;
	unsigned round, i;

	UK_REQUIRE(mem != NULL);
	for (round = 0; round < 2; round++) {
		a = ukallocslab_create(mem, LEN, NULL);
		UK_REQUIRE(a != NULL);
		for (i = 0, last = 0; i < 32; i++, last = p) {
			p = (uintptr_t)uk_alloc_malloc(a, 64);
			gap[round][i] = i ? p - last : 0;
		}
	}
	/* 31 draws out of 64: that they agree by chance will not happen. */
	UK_EXPECT(memcmp(gap[0], gap[1], sizeof(gap[0])));
	uk_free(mem);
}
#endif

UK_TEST(ukallocslab, grows_and_shrinks)
{
	uk_alloc_test_growth(ukallocslab_create, 32768);
}

UK_TEST(ukallocslab, large_blocks_grow_where_they_are)
{
	void *mem = uk_memalign(4096, LEN);
	struct uk_alloc *a = mem ? ukallocslab_create(mem, LEN, NULL) : NULL;
	struct uk_alloc_stats st;
	char *p, *q;

	UK_REQUIRE(a != NULL);
	p = uk_alloc_malloc(a, 20000);
	UK_REQUIRE(p != NULL);
	q = uk_alloc_realloc(a, p, 100000);
	UK_EXPECT_EQ(q, p);
	q = uk_alloc_realloc(a, p, 9000);
	UK_EXPECT_EQ(q, p);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.used, 12288UL);
	p = uk_alloc_memalign(a, 65536, 20000);
	UK_EXPECT(p && !((uintptr_t)p % 65536));
	uk_alloc_free(a, p);
	uk_alloc_free(a, q);
	uk_free(mem);
}
