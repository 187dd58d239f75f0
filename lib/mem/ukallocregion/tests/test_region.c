/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The region allocator: what every allocator does, and that the last block grows in place.
 */
#include <uk/alloc_test.h>
#include <uk/allocregion.h>

UK_TEST(ukallocregion, basics)
{
	uk_alloc_test_basics(ukallocregion_create);
}

UK_TEST(ukallocregion, refusals)
{
	uk_alloc_test_refusals(ukallocregion_create);
}

UK_TEST(ukallocregion, realloc)
{
	uk_alloc_test_realloc(ukallocregion_create);
}

UK_TEST(ukallocregion, exhaustion)
{
	uk_alloc_test_exhaustion(ukallocregion_create, 0);
}

UK_TEST(ukallocregion, stress)
{
	uk_alloc_test_stress(ukallocregion_create, 0);
}

UK_TEST(ukallocregion, last_block_grows_in_place)
{
	static char mem[1024];
	struct uk_alloc *a = ukallocregion_create(mem, sizeof(mem), NULL);
	char *p, *q;

	UK_REQUIRE(a != NULL);
	p = uk_alloc_malloc(a, 10);
	UK_EXPECT_EQ(uk_alloc_realloc(a, p, 100), (void *)p);
	q = uk_alloc_malloc(a, 10);
	UK_EXPECT_GE(q, p + 100);
	UK_EXPECT_NE(uk_alloc_realloc(a, p, 200), (void *)p);
}
