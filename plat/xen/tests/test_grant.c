/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grants: the free list, and entries that nobody uses.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/test.h>
#include <uk/xen/grant.h>
#include <uk/xen/hypercall.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/grant_table.h>

static long gnttab(unsigned op, void *arg)
{
	return uk_xen_call(__HYPERVISOR_grant_table_op, op, (uintptr_t)arg, 1, 0);
}

/* The second is taken where Xen has it, if that is chosen; with half as many references. */
UK_TEST(xen_grant, version)
{
	struct gnttab_get_version have = { .dom = DOMID_SELF };
	struct gnttab_set_version second = { .version = 2 };
	unsigned now, most;

	uk_xen_grant_room(&now, &most);
	UK_REQUIRE(!gnttab(GNTTABOP_get_version, &have));
#ifdef CONFIG_PLAT_XEN_GRANT_V2
	UK_EXPECT(have.version == 2 || gnttab(GNTTABOP_set_version, &second) == -ENOSYS);
#else
	(void)second;
	UK_EXPECT_EQ(have.version, 1U);
#endif
	UK_EXPECT(most + 8 <= 64 * UK_PAGE_SIZE / (have.version == 2 ? 16 : 8));
}

UK_TEST(xen_grant, all_and_one_more)
{
	unsigned now, most, n;
	uint32_t *refs, one;

	uk_xen_grant_room(&now, &most);
	UK_REQUIRE(most >= now && most > 100);
	refs = uk_malloc(most * sizeof(*refs));
	UK_REQUIRE(refs);
	for (n = 0; n < most && !uk_xen_grant_alloc(&refs[n], 1); n++)
		UK_REQUIRE(refs[n] >= 8);
	UK_EXPECT_EQ(n, most);
	UK_EXPECT_EQ(uk_xen_grant_alloc(&one, 1), -ENOSPC);
	UK_EXPECT_EQ(uk_xen_grant((unsigned)0, refs, true), -ENOSPC);
	uk_xen_grant_room(&now, &most);
	UK_EXPECT_EQ(now, 0U);
	/* No two are the same: each gets a page of its own. */
	for (unsigned i = 1; i < n; i++)
		UK_REQUIRE(refs[i] != refs[i - 1]);
	uk_xen_grant_free(refs, n);
	uk_xen_grant_room(&now, &most);
	UK_EXPECT_EQ(now, most);
	/* All or none. */
	UK_EXPECT_EQ(uk_xen_grant_alloc(refs, most), 0);
	uk_xen_grant_free(refs, most);
	UK_EXPECT_EQ(uk_xen_grant_alloc(refs, most + 1), -ENOSPC);
	uk_xen_grant_room(&now, &most);
	UK_EXPECT_EQ(now, most);
	uk_free(refs);
}

UK_TEST(xen_grant, given_and_taken_back)
{
	char *page = uk_alloc_memalign(uk_heap, UK_PAGE_SIZE, UK_PAGE_SIZE);
	int ref;

	UK_REQUIRE(page);
	UK_EXPECT_NE(uk_xen_frame_of(page), ~0UL);
	UK_EXPECT_EQ(uk_xen_frame_of(NULL), ~0UL);
	ref = uk_xen_grant(0, page, false);
	UK_REQUIRE(ref >= 8);
	UK_EXPECT(uk_xen_grant_clear((uint32_t)ref));
	uk_xen_grant_set((uint32_t)ref, 0, page, true);
	UK_EXPECT(uk_xen_grant_end((uint32_t)ref));
	uk_free(page);
}
