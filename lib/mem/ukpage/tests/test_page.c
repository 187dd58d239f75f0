/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page frames: runs are contiguous, aligned as asked for and ours alone; references count; what is
 * freed merges again.
 */
#include <uk/page.h>
#include <uk/string.h>
#include <uk/test.h>

UK_TEST(ukpage, single_frames)
{
	uk_paddr_t a = uk_page_alloc(1, UK_PAGE_ZERO), b = uk_page_alloc(1, 0);
	const unsigned char *p;
	size_t i, sum = 0;

	UK_REQUIRE(a && b);
	UK_EXPECT_NE(a, b);
	UK_EXPECT_EQ((a | b) % UK_PAGE_SIZE, 0UL);
	p = uk_page_to_virt(a);
	for (i = 0; i < UK_PAGE_SIZE; i++)
		sum += p[i];
	UK_EXPECT_EQ(sum, 0UL);
	UK_EXPECT_EQ(uk_page_from_virt(p), a);
	memset(uk_page_to_virt(a), 0xff, UK_PAGE_SIZE);
	uk_page_free(a, 1);
	uk_page_free(b, 1);
}

UK_TEST(ukpage, references)
{
	uk_paddr_t pa = uk_page_alloc(1, 0);

	UK_REQUIRE(pa);
	UK_EXPECT_EQ(uk_page_refs(pa), 1U);
	uk_page_ref(pa);
	UK_EXPECT_EQ(uk_page_refs(pa), 2U);
	UK_EXPECT_EQ(uk_page_unref(pa), 1U);
	UK_EXPECT_EQ(uk_page_unref(pa), 0U);
	UK_EXPECT_EQ(uk_page_refs(pa), 0U);
	UK_EXPECT_EQ(uk_page_refs(~0UL << UK_PAGE_SHIFT), 0U);
}

UK_TEST(ukpage, runs)
{
	static uk_paddr_t run[40];
	struct uk_page_stats before, during, after;
	size_t n, i, total = 0;
	uint64_t *word;

	uk_page_stats(&before);
	for (n = 1; n < UK_ARRAY_SIZE(run); n++) {
		run[n] = uk_page_alloc_run(n, n % 2 ? UK_PAGE_ALIGN : 0);
		UK_REQUIRE(run[n]);
		if (n % 2)
			for (i = 1; i < n; i *= 2)
				UK_EXPECT_EQ(run[n] & i * UK_PAGE_SIZE, 0UL);
		for (i = 0; i < n; i++) {
			word = uk_page_to_virt(run[n] + i * UK_PAGE_SIZE);
			*word = n << 16 | i;
			UK_EXPECT_EQ(uk_page_refs(run[n] + i * UK_PAGE_SIZE), 1U);
		}
		total += n;
	}
	uk_page_stats(&during);
	UK_EXPECT_GE(before.free - during.free, total * UK_PAGE_SIZE);
	UK_EXPECT_GE(during.peak, during.total - during.free);
	for (n = 1; n < UK_ARRAY_SIZE(run); n++) {
		for (i = 0; i < n; i++) {
			word = uk_page_to_virt(run[n] + i * UK_PAGE_SIZE);
			UK_EXPECT_EQ(*word, n << 16 | i);
		}
		/* In two parts, to see that frames are counted one by one. */
		uk_page_free(run[n], n / 2);
		uk_page_free_run(run[n] + n / 2 * UK_PAGE_SIZE, n - n / 2);
	}
	uk_page_stats(&after);
	UK_EXPECT_EQ(after.free - during.free, total * UK_PAGE_SIZE);
}

UK_TEST(ukpage, refusals)
{
	struct uk_page_stats before, after;

	uk_page_stats(&before);
	UK_EXPECT_EQ(uk_page_alloc_run(0, 0), UK_PAGE_NONE);
	UK_EXPECT_EQ(uk_page_alloc_run(UK_PAGE_RUN_MAX + 1, 0), UK_PAGE_NONE);
	UK_EXPECT_EQ(uk_page_alloc_run(SIZE_MAX, 0), UK_PAGE_NONE);
	uk_page_stats(&after);
	UK_EXPECT_EQ(before.free, after.free);
}

UK_TEST(ukpage, freed_runs_merge)
{
	struct uk_page_stats st;
	uk_paddr_t pa[64], run;
	size_t i, n = 0;

	uk_page_stats(&st);
	if (st.free < 64 * UK_PAGE_SIZE)
		UK_TEST_SKIP("too little memory");
	run = uk_page_alloc_run(16, 0);
	UK_REQUIRE(run);
	for (i = 0; i < 64; i++) {
		pa[n] = uk_page_alloc(1, 0);
		n += pa[n] != UK_PAGE_NONE;
	}
	uk_page_free_run(run, 16);
	while (n)
		uk_page_free(pa[--n], 1);
	run = uk_page_alloc_run(16, UK_PAGE_ALIGN);
	UK_EXPECT(run != UK_PAGE_NONE);
	if (run)
		uk_page_free_run(run, 16);
}

UK_TEST(ukpage, frames_that_are_away)
{
	struct uk_page_stats before, without, after;
	uk_paddr_t run = uk_page_alloc_run(4, 0);

	UK_REQUIRE(run);
	uk_page_stats(&before);
	uk_page_away(4);
	uk_page_stats(&without);
	UK_EXPECT_EQ(without.total, before.total - 4 * UK_PAGE_SIZE);
	UK_EXPECT_EQ(without.free, before.free);
	uk_page_away(-4);
	uk_page_stats(&after);
	UK_EXPECT_EQ(after.total, before.total);
	UK_EXPECT_EQ(after.free, before.free);
	uk_page_free_run(run, 4);
}
