/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels, between two ports of our own.
 */
#include <uk/plat/clock.h>
#include <uk/test.h>
#include <uk/xen/event.h>

static volatile unsigned calls;
static void *volatile seen;

static void count(void *arg)
{
	seen = arg;
	calls++;
}

/* The handler runs before a call of Xen returns, as a rule; give it time. */
static bool called(unsigned n)
{
	uk_nsec end = uk_plat_clock_monotonic() + UK_NSEC_PER_SEC;

	while (calls != n && uk_plat_clock_monotonic() < end)
		;
	return calls == n;
}

UK_TEST(xen_event, both_ways)
{
	int a = uk_xen_event_alloc(UK_XEN_DOMID_SELF), b;

	UK_REQUIRE(a > 0);
	b = uk_xen_event_connect(UK_XEN_DOMID_SELF, (uint32_t)a);
	UK_REQUIRE(b > 0 && a != b);
	calls = 0;
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)a, count, (void *)&calls), 0);
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)b, count, NULL), 0);
	calls = 0; /* connecting may raise one */
	uk_xen_event_notify((uint32_t)b);
	UK_EXPECT(called(1) && seen == &calls);
	uk_xen_event_notify((uint32_t)a);
	UK_EXPECT(called(2) && !seen);
	uk_xen_event_close((uint32_t)b);
	uk_xen_event_close((uint32_t)a);
}

UK_TEST(xen_event, masked_ones_wait_and_are_one)
{
	int a = uk_xen_event_alloc(UK_XEN_DOMID_SELF), b;

	UK_REQUIRE(a > 0);
	b = uk_xen_event_connect(UK_XEN_DOMID_SELF, (uint32_t)a);
	UK_REQUIRE(b > 0);
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)a, count, NULL), 0);
	called(1);
	calls = 0;
	uk_xen_event_mask((uint32_t)a);
	uk_xen_event_notify((uint32_t)b);
	uk_xen_event_notify((uint32_t)b);
	UK_EXPECT_EQ(calls, 0U);
	uk_xen_event_unmask((uint32_t)a);
	UK_EXPECT(called(1));
	/* Polled. */
	uk_xen_event_mask((uint32_t)a);
	UK_EXPECT(!uk_xen_event_take((uint32_t)a));
	uk_xen_event_notify((uint32_t)b);
	UK_EXPECT(uk_xen_event_take((uint32_t)a));
	UK_EXPECT(!uk_xen_event_take((uint32_t)a));
	uk_xen_event_unmask((uint32_t)a);
	UK_EXPECT_EQ(calls, 1U);
	/* Not called any more. */
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)a, NULL, NULL), 0);
	uk_xen_event_notify((uint32_t)b);
	UK_EXPECT_EQ(calls, 1U);
	uk_xen_event_close((uint32_t)a);
	uk_xen_event_close((uint32_t)b);
}

UK_TEST(xen_event, refused)
{
	UK_EXPECT_LT(uk_xen_event_connect(UK_XEN_DOMID_SELF, 4000), 0);
	UK_EXPECT_LT(uk_xen_event_virq(1000, 0), 0);
	UK_EXPECT_LT(uk_xen_event_handler(~0U, count, NULL), 0);
	UK_EXPECT(!uk_xen_event_take(~0U));
	uk_xen_event_mask(~0U);
	uk_xen_event_unmask(~0U);
	uk_xen_event_notify(~0U);
	uk_xen_event_close(~0U);
}
