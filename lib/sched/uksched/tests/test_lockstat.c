/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of locks: known sections give known figures.
 */
#include <uk/config.h>
#ifdef CONFIG_LIBUKBASE_LOCK_STAT
#include <uk/sched.h>
#include <uk/spinlock.h>
#include <uk/test.h>
#include <uk/time.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#define SECTION (2 * UK_NSEC_PER_MS)

static struct uk_spinlock counted;

static void be_busy(uk_nsec span)
{
	uk_nsec end = uk_clock_monotonic() + span;

	while (uk_clock_monotonic() < end)
		;
}

UK_TEST(lockstat, counts_and_times)
{
	struct uk_lock_stat st;

	for (int i = 0; i < 10; i++) {
		uk_spin_lock(&counted);
		if (i == 5)
			be_busy(SECTION);
		uk_spin_unlock(&counted);
	}
	uk_lockstat_get(counted.lock_class, &st);
	UK_EXPECT_EQ(st.held, 10UL);
	UK_EXPECT_EQ(st.contended, 0UL);
	UK_EXPECT_EQ(st.wait, 0UL);
	UK_EXPECT_GE(st.hold_max, SECTION - SECTION / 8);
	UK_EXPECT_LT(st.hold_max, 100 * SECTION + UK_NSEC_PER_SEC);
	UK_EXPECT_GE(st.hold, st.hold_max);
}

#ifdef CONFIG_SMP
static struct uk_spinlock fought;
static bool held, waits;
static void (*hook)(unsigned turns);

static void in_each_turn(unsigned turns)
{
	__atomic_store_n(&waits, true, __ATOMIC_RELEASE);
	hook(turns);
}

static void want(void *arg UK_UNUSED)
{
	while (!__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		uk_smp_poll(0);
	uk_spin_lock(&fought);
	uk_spin_unlock(&fought);
}

UK_TEST(lockstat, waiting_shows)
{
	struct uk_lock_stat st;
	struct uk_thread *t;

	if (uk_smp_cpus() < 2)
		UK_TEST_SKIP("one CPU runs");
	t = uk_thread_create(NULL, "want", want, NULL, NULL);
	UK_REQUIRE(t);
	uk_spin_lock(&fought);
	hook = uk_spin_hook;
	uk_spin_hook = in_each_turn;
	__atomic_store_n(&held, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&waits, __ATOMIC_ACQUIRE))
		uk_smp_poll(0);
	uk_spin_hook = hook;
	be_busy(SECTION);
	uk_spin_unlock(&fought);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	uk_lockstat_get(fought.lock_class, &st);
	UK_EXPECT_EQ(st.held, 2UL);
	UK_EXPECT_EQ(st.contended, 1UL);
	UK_EXPECT_GE(st.wait_max, SECTION / 2);
	UK_EXPECT_GE(st.wait, st.wait_max);
}
#endif
#endif
