/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buddy allocator: what every allocator does; powers of two are aligned to themselves and
 * take no more than that; idle memory goes back.
 */
#include <uk/alloc_test.h>
#include <uk/allocbuddy.h>

UK_TEST(ukallocbuddy, basics)
{
	uk_alloc_test_basics(ukallocbuddy_create);
}

UK_TEST(ukallocbuddy, refusals)
{
	uk_alloc_test_refusals(ukallocbuddy_create);
}

UK_TEST(ukallocbuddy, realloc)
{
	uk_alloc_test_realloc(ukallocbuddy_create);
}

UK_TEST(ukallocbuddy, exhaustion)
{
	uk_alloc_test_exhaustion(ukallocbuddy_create, UK_ALLOC_FREES);
}

UK_TEST(ukallocbuddy, stress)
{
	uk_alloc_test_stress(ukallocbuddy_create, UK_ALLOC_FREES);
}

UK_TEST(ukallocbuddy, powers_of_two)
{
	struct uk_alloc_stats before, after;
	struct uk_alloc *a;
	size_t size;
	void *mem = uk_memalign(4096, 262144), *p;

	UK_REQUIRE(mem != NULL);
	a = ukallocbuddy_create(mem, 262144, NULL);
	UK_REQUIRE(a != NULL);
	for (size = 32; size <= 16384; size *= 2) {
		uk_alloc_stats(a, &before);
		p = uk_alloc_malloc(a, size);
		uk_alloc_stats(a, &after);
		UK_EXPECT(p != NULL);
		if (size <= 4096)
			UK_EXPECT_EQ((uintptr_t)p % size, 0UL);
		UK_EXPECT_EQ(after.used - before.used, size);
	}
	uk_free(mem);
}

UK_TEST(ukallocbuddy, grows_and_shrinks)
{
	uk_alloc_test_growth(ukallocbuddy_create, 16384);
}
