/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks: usable from end to end, a guard below, used again after they were freed.
 */
#include <uk/config.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/stack.h>
#include <uk/string.h>
#include <uk/test.h>

UK_TEST(ukstack, guard)
{
	uk_paddr_t pa;
	char *s, *t;

#ifndef CONFIG_HARDEN_GUARD
	UK_TEST_SKIP("stacks have no guard pages in this configuration");
#endif
	s = uk_stack_alloc(20000);
	t = uk_stack_alloc(20000);
	UK_REQUIRE(s && t);
	memset(s, 1, 20480);
	memset(t, 2, 20480);
	UK_EXPECT_EQ(s[20479], 1);
	UK_EXPECT_NE(uk_plat_lookup((uk_vaddr_t)s - 1, &pa, NULL), 0);
	UK_EXPECT(uk_stack_is_guard((uk_vaddr_t)s - 1));
	UK_EXPECT(uk_stack_is_guard((uk_vaddr_t)t - UK_PAGE_SIZE));
	UK_EXPECT(!uk_stack_is_guard((uk_vaddr_t)s));
	UK_EXPECT(!uk_stack_is_guard((uk_vaddr_t)s + 20479));
	UK_EXPECT(!uk_stack_is_guard(0));
	uk_stack_free(s, 20000);
	uk_stack_free(t, 20000);
	uk_stack_free(NULL, 20000);
}

UK_TEST(ukstack, freed_ones_are_used_again)
{
	void *s = uk_stack_alloc(3 * UK_PAGE_SIZE), *t;

	UK_REQUIRE(s);
	uk_stack_free(s, 3 * UK_PAGE_SIZE);
	t = uk_stack_alloc(4 * UK_PAGE_SIZE);
	UK_EXPECT(t && t != s);
	UK_EXPECT_EQ(uk_stack_alloc(3 * UK_PAGE_SIZE), s);
	uk_stack_free(t, 4 * UK_PAGE_SIZE);
	uk_stack_free(s, 3 * UK_PAGE_SIZE);
}

UK_TEST(ukstack, cache_is_bounded)
{
	static char *s[CONFIG_LIBUKVMEM_STACK_CACHE + 20];
	struct uk_page_stats before, after;
	size_t i;

	uk_page_stats(&before);
	for (i = 0; i < UK_ARRAY_SIZE(s); i++)
		s[i] = uk_stack_alloc(2 * UK_PAGE_SIZE);
	for (i = 0; i < UK_ARRAY_SIZE(s); i++)
		uk_stack_free(s[i], 2 * UK_PAGE_SIZE);
	uk_page_stats(&after);
	/* Two frames each, and page tables that stay for what stays. */
	UK_EXPECT_LE((long)(before.free - after.free),
		     (long)((2 * CONFIG_LIBUKVMEM_STACK_CACHE + 8) * UK_PAGE_SIZE));
	UK_EXPECT(!uk_stack_alloc(0));
	UK_EXPECT(!uk_stack_alloc(SIZE_MAX));
}

/* Two megabytes of stack cost what is used of them, and give it back when memory is short. */
UK_TEST(ukstack, grows_on_demand)
{
	const size_t size = 2UL << 20;
	struct uk_page_stats before, after;
	char *s, *t;
	size_t i;

	uk_page_stats(&before);
	s = uk_stack_alloc(size);
	UK_REQUIRE(s);
	uk_page_stats(&after);
#ifdef CONFIG_WHOLE_STACKS
	if (uk_plat_whole_stacks) {
		UK_EXPECT_GE((long)(before.free - after.free), (long)size);
		uk_stack_free(s, size);
		UK_TEST_SKIP("this platform wants whole stacks");
	}
#endif
	if (!uk_plat_demand)
		UK_EXPECT_LE((long)(before.free - after.free), (long)(8 * UK_PAGE_SIZE));
	for (i = size; i; i -= UK_PAGE_SIZE)
		s[i - 1] = 1;
	for (i = size; i; i -= UK_PAGE_SIZE)
		UK_EXPECT_EQ(s[i - 1], 1);
	t = uk_stack_alloc(size);
	UK_REQUIRE(t);
	uk_stack_free(s, size);
	uk_stack_free(t, size);
	uk_page_shrink();
	uk_page_stats(&after);
#ifdef CONFIG_WHOLE_STACKS
	if (uk_plat_whole_stacks) {
		UK_EXPECT_GE((long)(before.free - after.free), (long)size);
		uk_stack_free(s, size);
		UK_TEST_SKIP("this platform wants whole stacks");
	}
#endif
	if (!uk_plat_demand)
		UK_EXPECT_LE((long)(before.free - after.free), (long)(8 * UK_PAGE_SIZE));
}
