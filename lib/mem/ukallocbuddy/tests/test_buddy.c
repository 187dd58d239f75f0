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

static void *lent;
static size_t lent_len;

static void *lend(size_t min, size_t want UK_UNUSED, size_t *len)
{
	*len = lent_len = min;
	return lent = uk_memalign(4096, min);
}

static void take_back(void *base, size_t len)
{
	UK_EXPECT_EQ(base, lent);
	UK_EXPECT_EQ(len, lent_len);
	uk_free(base);
	lent = NULL;
}

UK_TEST(ukallocbuddy, grows_and_shrinks)
{
	static const struct uk_alloc_source source = { .more = lend, .less = take_back };
	struct uk_alloc *a;
	void *mem = uk_memalign(4096, 16384), *p;

	UK_REQUIRE(mem != NULL);
	a = ukallocbuddy_create(mem, 16384, &source);
	UK_REQUIRE(a != NULL);
	p = uk_alloc_malloc(a, 30000);
	UK_EXPECT(p != NULL);
	UK_EXPECT(lent != NULL);
	UK_EXPECT_EQ(uk_alloc_trim(a), 0UL);
	uk_alloc_free(a, p);
	UK_EXPECT_EQ(uk_alloc_trim(a), lent_len);
	UK_EXPECT(lent == NULL);
	uk_free(mem);
}
