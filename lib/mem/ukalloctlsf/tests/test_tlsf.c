/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tlsf: what every allocator does; blocks grow into what is free behind them; pages that
 * lie idle in the middle go back to the source; the heap of this image is in order.
 */
#include <uk/alloc_test.h>
#include <uk/alloctlsf.h>
#include <uk/percpu.h>

UK_TEST(ukalloctlsf, basics)
{
	uk_alloc_test_basics(ukalloctlsf_create);
}

UK_TEST(ukalloctlsf, refusals)
{
	uk_alloc_test_refusals(ukalloctlsf_create);
}

UK_TEST(ukalloctlsf, realloc)
{
	uk_alloc_test_realloc(ukalloctlsf_create);
}

UK_TEST(ukalloctlsf, exhaustion)
{
	uk_alloc_test_exhaustion(ukalloctlsf_create, UK_ALLOC_FREES);
}

UK_TEST(ukalloctlsf, stress)
{
	uk_alloc_test_stress(ukalloctlsf_create, UK_ALLOC_FREES);
}

#define PAGE 4096UL
#define LENT (64 * PAGE)

static unsigned char *lent;
static unsigned char returned[LENT / PAGE];

static void *lend(size_t min, size_t want UK_UNUSED, size_t *len)
{
	if (min > LENT || lent)
		return NULL;
	*len = LENT;
	return lent = uk_memalign(PAGE, LENT);
}

static void take_back(void *base, size_t len)
{
	size_t i = ((unsigned char *)base - lent) / PAGE;

	UK_EXPECT_EQ(((uintptr_t)base | len) % PAGE, 0UL);
	for (; len; len -= PAGE)
		UK_EXPECT_EQ(returned[i++]++, 0);
}

static const struct uk_alloc_source source = { .more = lend, .less = take_back };

UK_TEST(ukalloctlsf, grows_in_place)
{
	void *mem = uk_memalign(PAGE, 65536);
	struct uk_alloc *a;
	char *p, *q, *r;

	UK_REQUIRE(mem != NULL);
	a = ukalloctlsf_create(mem, 65536, NULL);
	UK_REQUIRE(a != NULL);
	p = uk_alloc_malloc(a, 2000);
	q = uk_alloc_malloc(a, 2000);
	r = uk_alloc_malloc(a, 2000);
	UK_REQUIRE(p && q && r);
	UK_EXPECT_NE(uk_alloc_realloc(a, r, 1500), NULL);
	uk_alloc_free(a, q);
	UK_EXPECT_EQ(uk_alloc_realloc(a, p, 3500), (void *)p);
	UK_EXPECT_EQ(uk_alloc_realloc(a, p, 100), (void *)p);
	ukalloctlsf_check(a);
	UK_EXPECT_NE(uk_alloc_realloc(a, p, 10000), (void *)p); /* r is in the way */
	ukalloctlsf_check(a);
	uk_free(mem);
}

UK_TEST(ukalloctlsf, quick_lists_keep_the_shape)
{
	void *mem = uk_memalign(PAGE, 65536);
	struct uk_alloc_stats st;
	struct uk_alloc *a;
	size_t before; /* with several CPUs there is more at once, and a reserve */
	void *p, *q;

	UK_REQUIRE(mem != NULL);
	a = ukalloctlsf_create(mem, 65536, NULL);
	UK_REQUIRE(a != NULL);
	p = uk_alloc_malloc(a, 64);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.used, 80UL);
	before = st.cached;
	UK_EXPECT(UK_CPUS > 1 || !before);
	uk_alloc_free(a, p);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.used, 0UL);
	UK_EXPECT_EQ(st.cached, before + 80);
	q = uk_alloc_malloc(a, 60); /* the same size class */
	UK_EXPECT_EQ(q, p);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.cached, before);
	UK_EXPECT_EQ(st.allocs, 2UL);
	UK_EXPECT_EQ(st.frees, 1UL);
	uk_alloc_free(a, q);
	uk_alloc_trim(a);
	uk_alloc_stats(a, &st);
	UK_EXPECT_EQ(st.cached, 0UL);
	ukalloctlsf_check(a);
	uk_free(mem);
}

/* Of each size, more than a quick list holds: it fills, overflows, and is refilled. */
UK_TEST(ukalloctlsf, quick_lists_overflow)
{
	static void *p[80];
	void *mem = uk_memalign(PAGE, 262144);
	struct uk_alloc_stats st;
	struct uk_alloc *a;
	size_t size, i;

	UK_REQUIRE(mem != NULL);
	a = ukalloctlsf_create(mem, 262144, NULL);
	UK_REQUIRE(a != NULL);
	for (size = 1; size < 1700; size += 24) {
		for (i = 0; i < UK_ARRAY_SIZE(p); i++) {
			p[i] = uk_alloc_malloc(a, size);
			UK_REQUIRE(p[i] != NULL);
			memset(p[i], (int)i, size);
		}
		ukalloctlsf_check(a);
		for (i = 0; i < UK_ARRAY_SIZE(p); i++) {
			UK_EXPECT_EQ(((unsigned char *)p[i])[size - 1], i);
			uk_alloc_free(a, p[i]);
		}
		ukalloctlsf_check(a);
		uk_alloc_stats(a, &st);
		UK_EXPECT_EQ(st.used, 0UL);
		UK_EXPECT_EQ(st.allocs, st.frees);
		UK_EXPECT_LE(st.cached, 32 * (size + 31) + (UK_CPUS > 1 ? 16384 : 0));
		uk_alloc_trim(a);
	}
	uk_free(mem);
}

static unsigned asked;

static void *lend_nothing(size_t min UK_UNUSED, size_t want UK_UNUSED, size_t *len UK_UNUSED)
{
	asked++;
	return NULL;
}

/* What is free in pieces serves small blocks before the heap grows, on each CPU. */
UK_TEST(ukalloctlsf, small_blocks_fill_gaps)
{
	static const struct uk_alloc_source none = { .more = lend_nothing };
	static void *large[40];
	void *mem = uk_memalign(PAGE, 131072);
	struct uk_alloc_stats st;
	struct uk_alloc *a;
	size_t i, small = UK_ARRAY_SIZE(large) / 2 * 2000 / 128 * 3 / 4;

	UK_REQUIRE(mem != NULL);
	a = ukalloctlsf_create(mem, 131072, &none);
	UK_REQUIRE(a != NULL);
	for (i = 0; i < UK_ARRAY_SIZE(large); i++) {
		large[i] = uk_alloc_malloc(a, 2000);
		UK_REQUIRE(large[i] != NULL);
	}
	uk_alloc_stats(a, &st);
	UK_REQUIRE(uk_alloc_malloc(a, st.largest) != NULL);
	for (i = 0; i < UK_ARRAY_SIZE(large); i += 2)
		uk_alloc_free(a, large[i]);
	asked = 0;
	for (i = 0; i < small; i++)
		UK_REQUIRE(uk_alloc_malloc(a, 120) != NULL);
	UK_EXPECT_EQ(asked, 0U);
	ukalloctlsf_check(a);
	uk_free(mem);
}

UK_TEST(ukalloctlsf, idle_pages_go_back)
{
	void *mem = uk_memalign(PAGE, 16384);
	struct uk_alloc *a;
	struct uk_alloc_stats st;
	void *p[16];
	size_t i, pages = 0;

	UK_REQUIRE(mem != NULL);
	lent = NULL;
	memset(returned, 0, sizeof(returned));
	a = ukalloctlsf_create(mem, 16384, &source);
	UK_REQUIRE(a != NULL);
	for (i = 0; i < 16; i++) {
		p[i] = uk_alloc_malloc(a, 15000);
		UK_REQUIRE(p[i] != NULL);
	}
	UK_EXPECT(uk_alloc_malloc(a, 30000) == NULL);
	/* A hole in the middle, and the front. */
	for (i = 4; i < 12; i++)
		uk_alloc_free(a, p[i]);
	uk_alloc_free(a, p[0]);
	UK_EXPECT_GE(uk_alloc_trim(a), 100000UL);
	ukalloctlsf_check(a);
	uk_alloc_stats(a, &st);
	for (i = 0; i < LENT / PAGE; i++)
		pages += returned[i];
	UK_EXPECT_LE(st.total, 16384 + LENT - pages * PAGE);
	/* What remains is still usable, and goes back in the end. */
	for (i = 1; i < 16; i++)
		if (i < 4 || i >= 12)
			uk_alloc_free(a, p[i]);
	uk_alloc_trim(a);
	ukalloctlsf_check(a);
	for (i = 0; i < LENT / PAGE; i++)
		UK_EXPECT_EQ(returned[i], 1);
	uk_free(lent);
	uk_free(mem);
}
