/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels, between two ports of our own.
 */
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/test.h>
#include <uk/xen/event.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

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
	called(1); /* connecting raises one, and this may be another CPU */
	calls = 0;
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

#define CHANNELS 3U

static volatile unsigned noted;
static uintptr_t order[CHANNELS];

static void note(void *arg)
{
	if (noted < CHANNELS)
		order[noted] = (uintptr_t)arg;
	noted++;
}

/* Raises three, the last made first, while this CPU does not look. */
static bool raise_all(const int *here, const int *there)
{
	bool irq = uk_irq_save(), ok = true;
	uk_nsec end;

	noted = 0;
	for (unsigned i = 0; i < CHANNELS; i++)
		ok = ok && !uk_xen_event_move((uint32_t)here[i], uk_cpu());
	for (unsigned i = CHANNELS; i--;)
		uk_xen_event_notify((uint32_t)there[i]);
	uk_irq_restore(irq);
	end = uk_plat_clock_monotonic() + UK_NSEC_PER_SEC;
	while (noted != CHANNELS && uk_plat_clock_monotonic() < end)
		;
	return ok && noted == CHANNELS;
}

/* Those of two levels come in the order of their ports, or another; queues keep that of the events. */
UK_TEST(xen_event, order)
{
	int here[CHANNELS], there[CHANNELS];
	bool queues;

	for (unsigned i = 0; i < CHANNELS; i++) {
		here[i] = uk_xen_event_alloc(UK_XEN_DOMID_SELF);
		UK_REQUIRE(here[i] > 0);
		there[i] = uk_xen_event_connect(UK_XEN_DOMID_SELF, (uint32_t)here[i]);
		UK_REQUIRE(there[i] > 0);
		UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)here[i], note, (void *)(uintptr_t)i),
			     0);
	}
	queues = uk_xen_event_priority((uint32_t)here[1], UK_XEN_EVENT_USUAL) != -ENOTSUP;
	raise_all(here, there); /* connecting may have raised one */
	UK_EXPECT(raise_all(here, there));
	if (queues) {
		UK_EXPECT(order[0] == 2 && order[1] == 1 && order[2] == 0);
		UK_EXPECT_EQ(uk_xen_event_priority((uint32_t)here[0], UK_XEN_EVENT_FIRST), 0);
		UK_EXPECT_EQ(uk_xen_event_priority((uint32_t)here[2], UK_XEN_EVENT_LAST), 0);
		UK_EXPECT(raise_all(here, there));
		UK_EXPECT(order[0] == 0 && order[1] == 1 && order[2] == 2);
		UK_EXPECT_LT(uk_xen_event_priority((uint32_t)here[0], UK_XEN_EVENT_LAST + 1), 0);
	}
	for (unsigned i = 0; i < CHANNELS; i++) {
		uk_xen_event_close((uint32_t)there[i]);
		uk_xen_event_close((uint32_t)here[i]);
	}
}

#ifdef CONFIG_SMP
static uint32_t called_on;

static void note_cpu(void *arg UK_UNUSED)
{
	called_on = uk_cpu();
	__atomic_thread_fence(__ATOMIC_RELEASE);
	calls++;
}

/* Each CPU gets what is sent to it, more than once. */
UK_TEST(xen_event, on_each_cpu)
{
	int a = uk_xen_event_alloc(UK_XEN_DOMID_SELF), b;

	UK_REQUIRE(a > 0);
	b = uk_xen_event_connect(UK_XEN_DOMID_SELF, (uint32_t)a);
	UK_REQUIRE(b > 0);
	calls = 0;
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)a, note_cpu, NULL), 0);
	called(1); /* connecting raises one */
	for (uint32_t cpu = 0; cpu < uk_smp_cpus(); cpu++) {
		UK_EXPECT_EQ(uk_xen_event_move((uint32_t)a, cpu), 0);
		for (unsigned i = 1; i <= 3; i++) {
			calls = i - 1;
			uk_xen_event_notify((uint32_t)b);
			UK_EXPECT(called(i));
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			UK_EXPECT_EQ(called_on, cpu);
		}
	}
	uk_xen_event_close((uint32_t)b);
	uk_xen_event_close((uint32_t)a);
}
#endif

/* More than a page has words for, if Xen lets us have so many. */
UK_TEST(xen_event, many)
{
	static uint32_t port[1100];
	unsigned n = 0;
	int rc, last;

	while (n < UK_ARRAY_SIZE(port) && (rc = uk_xen_event_alloc(UK_XEN_DOMID_SELF)) > 0)
		port[n++] = (uint32_t)rc;
	UK_REQUIRE(n > 100);
	uk_xen_event_close(port[n - 1]);
	uk_xen_event_close(port[n - 2]);
	n -= 2;
	rc = uk_xen_event_alloc(UK_XEN_DOMID_SELF);
	UK_REQUIRE(rc > 0);
	last = uk_xen_event_connect(UK_XEN_DOMID_SELF, (uint32_t)rc);
	UK_REQUIRE(last > 0);
	UK_EXPECT_EQ(uk_xen_event_handler((uint32_t)last, count, NULL), 0);
	called(1);
	calls = 0;
	uk_xen_event_notify((uint32_t)rc);
	UK_EXPECT(called(1));
	uk_xen_event_close((uint32_t)rc);
	uk_xen_event_close((uint32_t)last);
	while (n--)
		uk_xen_event_close(port[n]);
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
