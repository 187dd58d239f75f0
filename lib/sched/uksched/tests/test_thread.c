/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads with whatever scheduler the image has: creation, order, blocking, deadlines, exit.
 * Everything here must hold for every scheduler.
 */
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/sched.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>
#include <uk/waitq.h>

#define SLACK (2 * UK_NSEC_PER_SEC) /* emulators on busy machines are slow to wake up */

#ifdef CONFIG_SMP
#define CPUS uk_smp_cpus()
#else
#define CPUS 1u
#endif

static unsigned int counter;

static void count(void *arg UK_UNUSED)
{
	__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
}

UK_TEST(thread, create_and_join)
{
	struct uk_thread *t;
	unsigned int before = uk_sched_thread_count();

	counter = 0;
	t = uk_thread_create(NULL, "count", count, NULL, NULL);
	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(counter, 1u);
	UK_EXPECT_LE(uk_sched_thread_count(),
		     before); /* one of others may have been freed meanwhile */
}

/* A loop of them is not the end of everybody else, however slow the machine. */
UK_TEST(thread, sleep_that_is_over_lets_others_run)
{
	struct uk_thread *t;

	uk_test_one_cpu();
	counter = 0;
	UK_REQUIRE(t = uk_thread_create(NULL, "count", count, NULL, NULL));
	UK_EXPECT_EQ(uk_sleep_until(1), 0);
	UK_EXPECT_EQ(counter, 1u);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

static unsigned int released;

static void on_release(struct uk_thread *t)
{
	UK_EXPECT_NE(t, uk_thread_current());
	__atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
}

UK_TEST(thread, detached_ones_are_freed)
{
	struct uk_thread_attr attr = { .flags = UK_THREAD_DETACHED, .release = on_release };
	unsigned int before = uk_sched_thread_count(), i;
	uk_nsec end = uk_deadline(30 * UK_NSEC_PER_SEC);

	counter = released = 0;
	for (i = 0; i < 50; i++) {
		UK_REQUIRE(uk_thread_create(NULL, "count", count, NULL, &attr));
		uk_sched_yield();
	}
	/* Each CPU keeps one until the next thread ends or is created there. Who has counted may have to end yet. */
	while ((UK_READ_ONCE(counter) < 50 || uk_sched_thread_count() > before + 1 + CPUS) &&
	       uk_clock_monotonic() < end)
		uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_LE(uk_sched_thread_count(), before + 1 + CPUS);
	UK_EXPECT_GE(released, 49u - CPUS);
}

UK_TEST(thread, detach_before_and_after_exit)
{
	struct uk_thread_attr attr = { .flags = UK_THREAD_SUSPENDED };
	struct uk_thread *t;

	uk_test_one_cpu();
	counter = 0;
	t = uk_thread_create(NULL, "count", count, NULL, &attr);
	UK_REQUIRE(t);
	uk_sched_yield();
	UK_EXPECT_EQ(counter, 0u);
	UK_EXPECT_EQ(uk_thread_detach(t), 0);
	UK_EXPECT_EQ(uk_thread_detach(t), -EINVAL);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), -EINVAL);
	uk_thread_wake(t);
	uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(counter, 1u);

	t = uk_thread_create(NULL, "count", count, NULL, NULL);
	UK_REQUIRE(t);
	while (UK_READ_ONCE(counter) < 2)
		uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(uk_thread_detach(t), 0);
}

UK_TEST(thread, join_itself_is_refused)
{
	UK_EXPECT_EQ(uk_thread_join(uk_thread_current(), UK_NSEC_MAX), -EDEADLK);
}

static void wait_to_be_woken(void *arg)
{
	while (!UK_READ_ONCE(*(bool *)arg))
		uk_thread_block(UK_NSEC_MAX, false);
}

UK_TEST(thread, join_with_deadline)
{
	bool may_end = false;
	struct uk_thread *t = uk_thread_create(NULL, "waiter", wait_to_be_woken, &may_end, NULL);

	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, uk_deadline(UK_NSEC_PER_MS)), -ETIMEDOUT);
	UK_WRITE_ONCE(may_end, true);
	uk_thread_wake(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

/* The application's thread pointer; nothing here looks at what it points to. */
static void keep_tp(void *arg)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		UK_EXPECT_EQ(uk_arch_tp_get(), (uintptr_t)arg);
		if (i == 3)
			uk_sleep(UK_NSEC_PER_MS);
		else
			uk_sched_yield();
	}
	uk_thread_set_tp((uintptr_t)arg + 64);
	uk_sched_yield();
	UK_EXPECT_EQ(uk_arch_tp_get(), (uintptr_t)arg + 64);
}

UK_TEST(thread, thread_pointer_is_kept)
{
	uintptr_t mine = uk_arch_tp_get();
	struct uk_thread *t[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct uk_thread_attr attr = { .tp = 0x1000 * (i + 1) };

		t[i] = uk_thread_create(NULL, "tp", keep_tp, (void *)attr.tp, &attr);
		UK_REQUIRE(t[i]);
	}
	for (i = 0; i < 3; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	if (uk_thread_current()->ctx.tp)
		UK_EXPECT_EQ(uk_arch_tp_get(), mine);
}

UK_TEST(thread, inherits_the_name)
{
	struct uk_thread *t = uk_thread_create(NULL, NULL, count, NULL, NULL);

	UK_REQUIRE(t);
	UK_EXPECT_EQ(t->name, uk_thread_current()->name);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

#define RING 3

static char trace[64];
static unsigned int traced;

static void note(void *arg)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		trace[__atomic_fetch_add(&traced, 1, __ATOMIC_RELAXED)] = *(char *)arg;
		uk_sched_yield();
	}
}

/* Equal threads that yield take turns. */
UK_TEST(thread, yield_goes_round)
{
	static char names[RING] = { 'a', 'b', 'c' };
	struct uk_thread_attr attr = { .flags = UK_THREAD_SUSPENDED };
	struct uk_thread *t[RING];
	unsigned int i, j;
	int last[RING] = { -1, -1, -1 };
	bool irq;

	uk_test_one_cpu();
	traced = 0;
	for (i = 0; i < RING; i++) {
		t[i] = uk_thread_create(NULL, "ring", note, &names[i], &attr);
		UK_REQUIRE(t[i]);
	}
	irq = uk_irq_save();
	for (i = 0; i < RING; i++)
		uk_thread_wake(t[i]);
	uk_irq_restore(irq);
	for (i = 0; i < RING; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(traced, 4u * RING);
	/* Nobody is more than two rounds ahead (an interrupt may end a turn early). */
	for (i = 0; i < traced; i++) {
		for (j = 0; j < RING; j++)
			if (trace[i] == names[j])
				last[j]++;
		for (j = 0; j < RING; j++)
			UK_EXPECT_LE(last[trace[i] - 'a'] - last[j], 2);
	}
}

UK_TEST(thread, wake_before_block_is_not_lost)
{
	struct uk_thread *self = uk_thread_current();

	uk_thread_wake(self);
	UK_EXPECT_EQ(uk_thread_block(uk_deadline(UK_NSEC_PER_SEC), true), 0);
	UK_EXPECT_EQ(uk_thread_block(uk_deadline(UK_NSEC_PER_MS), true), -ETIMEDOUT);
}

UK_TEST(thread, block_times_out)
{
	uk_nsec start = uk_clock_monotonic(), deadline = start + 3 * UK_NSEC_PER_MS;

	UK_EXPECT_EQ(uk_thread_block(deadline, true), -ETIMEDOUT);
	UK_EXPECT_GE(uk_clock_monotonic(), deadline);
	UK_EXPECT_LT(uk_clock_monotonic(), deadline + SLACK);
	/* A deadline that has passed does not wait at all. */
	UK_EXPECT_EQ(uk_thread_block(start, true), -ETIMEDOUT);
	UK_EXPECT_EQ(uk_thread_block(0, false), -ETIMEDOUT);
}

static void wake_it(struct uk_timer *t);

struct waker {
	struct uk_timer timer;
	struct uk_thread *thread;
	bool interrupt;
};

static void wake_it(struct uk_timer *t)
{
	struct waker *w = UK_CONTAINER_OF(t, struct waker, timer);

	UK_EXPECT(uk_in_irq());
	if (w->interrupt)
		uk_thread_interrupt(w->thread);
	else
		uk_thread_wake(w->thread);
}

UK_TEST(thread, wake_from_interrupt)
{
	struct waker w = { .timer = UK_TIMER_INIT(wake_it), .thread = uk_thread_current() };

	uk_timer_start(&w.timer, uk_deadline(2 * UK_NSEC_PER_MS));
	UK_EXPECT_EQ(uk_thread_block(UK_NSEC_MAX, false), 0);
}

/* In a thread that is not the application's: the POSIX layer would clear the mark. */
static void be_interrupted(void *arg UK_UNUSED)
{
	struct uk_thread *self = uk_thread_current();
	struct waker w = { .timer = UK_TIMER_INIT(wake_it), .thread = self, .interrupt = true };

	uk_timer_start(&w.timer, uk_deadline(2 * UK_NSEC_PER_MS));
	UK_EXPECT_EQ(uk_sleep(10 * UK_NSEC_PER_SEC), -EINTR);
	UK_EXPECT(uk_thread_interrupted(self));
	UK_EXPECT_EQ(uk_sleep(10 * UK_NSEC_PER_SEC), -EINTR);
	/* Waits that are not interruptible do not notice. */
	UK_EXPECT_EQ(uk_thread_block(uk_deadline(UK_NSEC_PER_MS), false), -ETIMEDOUT);
	uk_thread_interrupt_clear(self);
	UK_EXPECT_EQ(uk_sleep(UK_NSEC_PER_MS), 0);
}

UK_TEST(thread, interrupt_is_sticky_until_cleared)
{
	struct uk_thread *t = uk_thread_create(NULL, "interrupted", be_interrupted, NULL, NULL);

	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

UK_TEST(thread, sleep_is_long_enough)
{
	static const uk_nsec spans[] = { 0, 1, 1000, 50 * UK_NSEC_PER_US, 7 * UK_NSEC_PER_MS };
	unsigned int i;

	for (i = 0; i < UK_ARRAY_SIZE(spans); i++) {
		uk_nsec start = uk_clock_monotonic();

		UK_EXPECT_EQ(uk_sleep(spans[i]), 0);
		UK_EXPECT_GE(uk_clock_monotonic(), start + spans[i]);
		UK_EXPECT_LT(uk_clock_monotonic(), start + spans[i] + SLACK);
	}
}

#define SLEEPERS 8

static unsigned int woke_up[SLEEPERS], wakeups;
static uk_nsec first_wakeup;

static void sleeper(void *arg)
{
	unsigned int n = (unsigned int)(uintptr_t)arg;

	uk_sleep_until(first_wakeup + (SLEEPERS - n) * UK_NSEC_PER_MS);
	woke_up[__atomic_fetch_add(&wakeups, 1, __ATOMIC_RELAXED)] = n;
}

UK_TEST(thread, sleepers_wake_in_order)
{
	struct uk_thread *t[SLEEPERS];
	uk_nsec idle = uk_sched_idle_time();
	unsigned int i;

	uk_test_one_cpu();
	wakeups = 0;
	first_wakeup = uk_deadline(100 * UK_NSEC_PER_MS);
	for (i = 0; i < SLEEPERS; i++) {
		t[i] = uk_thread_create(NULL, "sleeper", sleeper, (void *)(uintptr_t)i, NULL);
		UK_REQUIRE(t[i]);
	}
	for (i = 0; i < SLEEPERS; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	for (i = 0; i < SLEEPERS; i++)
		UK_EXPECT_EQ(woke_up[i], SLEEPERS - 1 - i);
	UK_EXPECT_GT(uk_sched_idle_time(), idle);
}

UK_TEST(thread, policies_are_checked)
{
	struct uk_thread *self = uk_thread_current();

	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_OTHER, 0), 0);
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_OTHER, 1), -EINVAL);
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_FIFO, 0), -EINVAL);
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_RR, UK_THREAD_PRIO_MAX + 1), -EINVAL);
	UK_EXPECT_EQ(uk_thread_set_policy(self, 77, 1), -EINVAL);
}

#ifdef CONFIG_LIBUKSCHED_CPUTIME
static void spin_and_sleep(void *arg UK_UNUSED)
{
	uk_nsec start = uk_clock_monotonic(), used, more;
	unsigned turns = 0;

	while (uk_clock_monotonic() < start + 5 * UK_NSEC_PER_MS)
		;
	used = uk_thread_cputime(uk_thread_current());
	UK_EXPECT_GT(used, 0ul);
	/* What a busy host takes from us before we sleep, or once we are awake, counts: that is not so each time. */
	do {
		used = uk_thread_cputime(uk_thread_current());
		uk_sleep(50 * UK_NSEC_PER_MS);
		more = uk_thread_cputime(uk_thread_current()) - used;
	} while (more > 30 * UK_NSEC_PER_MS && ++turns < 10);
	UK_EXPECT_LE(more, 30 * UK_NSEC_PER_MS);
}

UK_TEST(thread, cpu_time_excludes_sleep)
{
	struct uk_thread *t;

	t = uk_thread_create(NULL, "spin", spin_and_sleep, NULL, NULL);
	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}
#endif

/* ---- stress: threads, timers and wake-ups at once ------------------------------------------------ */

#define WORKERS 10
#define ROUNDS  200

static struct uk_waitq stress_wq;
static unsigned int tokens, taken, produced;

static bool take(unsigned int *from)
{
	unsigned int n = __atomic_load_n(from, __ATOMIC_RELAXED);

	while (n)
		if (__atomic_compare_exchange_n(from, &n, n - 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static void consumer(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		while (UK_WAIT(&stress_wq, take(&tokens),
			       uk_deadline((uintptr_t)arg * 50 * UK_NSEC_PER_US)))
			;
		__atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
		if (i % 16 == 0)
			uk_sched_yield();
	}
}

static void producer(void *arg)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&tokens, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&produced, 1, __ATOMIC_RELAXED);
		uk_waitq_wake_one(&stress_wq);
		if (i % 8 == 0)
			uk_sleep((uintptr_t)arg * 10 * UK_NSEC_PER_US);
	}
}

UK_TEST(thread, stress)
{
	struct uk_thread *t[2 * WORKERS];
	unsigned int i;

	tokens = taken = produced = 0;
	for (i = 0; i < WORKERS; i++) {
		t[i] = uk_thread_create(NULL, "consumer", consumer, (void *)(uintptr_t)(i + 1),
					NULL);
		t[WORKERS + i] = uk_thread_create(NULL, "producer", producer,
						  (void *)(uintptr_t)(i + 1), NULL);
		UK_REQUIRE(t[i] && t[WORKERS + i]);
	}
	for (i = 0; i < 2 * WORKERS; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(taken, produced);
	UK_EXPECT_EQ(tokens, 0u);
	UK_EXPECT(uk_waitq_empty(&stress_wq));
}
