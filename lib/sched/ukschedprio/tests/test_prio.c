/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is particular to the preemptive scheduler: priorities, preemption, slices.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/preempt.h>
#include <uk/sched_ops.h>
#include <uk/schedprio.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>

#define SLICE (CONFIG_LIBUKSCHEDPRIO_SLICE_MS * UK_NSEC_PER_MS)

/* The run queue, on an object of its own, also in images that run another scheduler. */
UK_TEST(schedprio, highest_first_and_equals_in_order)
{
	static const uint8_t prios[] = { 1, 5, 5, 127, 63, 64, 1 };
	static const uint8_t expected[] = { 3, 5, 4, 1, 2, 0, 6 };
	struct uk_sched *s = ukschedprio_create(uk_heap);
	struct uk_thread t[UK_ARRAY_SIZE(prios)] = { { .prio = 0 } };
	unsigned int i;
	bool irq = uk_irq_save();

	UK_EXPECT(s);
#ifdef CONFIG_SMP
	s->running = uk_thread_current();
	s->cpu = uk_cpu();
#endif
	UK_EXPECT_EQ(uk_sched_next(s), NULL);
	for (i = 0; i < UK_ARRAY_SIZE(prios); i++) {
		t[i].prio = prios[i];
		t[i].policy =
			UK_THREAD_FIFO; /* without slices, or the object would start its timer */
		UK_EXPECT(uk_sched_add(s, &t[i])); /* we run with priority 0 */
	}
	for (i = 0; i < UK_ARRAY_SIZE(prios); i++) {
		UK_EXPECT_EQ(uk_sched_next(s), &t[expected[i]]);
		uk_sched_remove(s, &t[expected[i]]);
	}
	UK_EXPECT_EQ(uk_sched_next(s), NULL);

	/* Preempted and resumed: at the front still. Yielding: behind its equals. */
	uk_sched_add(s, &t[1]);
	uk_sched_add(s, &t[2]);
	UK_EXPECT_EQ(uk_sched_next(s), &t[1]);
	uk_sched_add(s, &t[3]);
	UK_EXPECT_EQ(uk_sched_next(s), &t[3]);
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[3]), &t[3]);
	uk_sched_remove(s, &t[3]);
	UK_EXPECT_EQ(uk_sched_next(s), &t[1]);
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[1]), &t[2]);
	/* Its turn has ended already, but it has not been switched out: nobody is skipped. */
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[1]), &t[2]);
	uk_sched_remove(s, &t[1]);
	uk_sched_remove(s, &t[2]);
	UK_EXPECT_EQ(uk_sched_next(s), NULL);
	uk_irq_restore(irq);
	uk_free(s);
}

static unsigned int progress[3], turns;
static const void *running;
static bool stop;

/* Computes without ever giving up the CPU. */
static void hog(void *arg)
{
	unsigned int *p = arg;

	while (!UK_READ_ONCE(stop)) {
		(*p)++;
		if (UK_READ_ONCE(running) != p) {
			running = p;
			turns++;
		}
		uk_clock_monotonic(); /* simulated time passes by this */
	}
}

static bool preemptive(void)
{
	/* The suite is also built into images whose default is another scheduler. */
	return uk_sched_check_policy(uk_thread_current()->sched, UK_THREAD_FIFO, 1) == 0;
}

UK_TEST(schedprio, equals_share_the_cpu)
{
	struct uk_thread *t[3];
	unsigned int i;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	stop = false;
	turns = 0;
	for (i = 0; i < 3; i++) {
		progress[i] = 0;
		t[i] = uk_thread_create(NULL, "hog", hog, &progress[i], NULL);
		UK_REQUIRE(t[i]);
	}
	/*
	 * A thread that wakes up gets its turn among the hogs, too. On a busy host all of us may get a
	 * small part of the time that passes.
	 */
	for (i = 0; i < 20 && (!i || UK_READ_ONCE(turns) <= 12); i++)
		uk_sleep(50 * SLICE);
	stop = true;
	for (i = 0; i < 3; i++) {
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
		UK_EXPECT_GT(progress[i], 0u);
	}
	UK_EXPECT_GT(turns, 12u);
	for (i = 0; i < 3; i++)
		UK_EXPECT_LT(progress[i], 8 * (uint64_t)progress[(i + 1) % 3]);
}

static unsigned int trace_len;
static char trace[16];

static void note(void *arg)
{
	trace[trace_len++] = *(char *)arg;
}

UK_TEST(schedprio, higher_preempts_at_once)
{
	struct uk_thread_attr high = { .policy = UK_THREAD_FIFO, .prio = 10 };
	struct uk_thread *t;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	trace_len = 0;
	t = uk_thread_create(NULL, "high", note, (void *)"h", &high);
	UK_REQUIRE(t);
	UK_EXPECT_EQ(trace_len, 1u); /* ran before create returned */
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);

	/* Not while preemption is off, nor while interrupts are masked. */
	uk_preempt_disable();
	t = uk_thread_create(NULL, "high", note, (void *)"h", &high);
	UK_EXPECT_EQ(trace_len, 1u);
	uk_preempt_disable();
	uk_preempt_enable();
	UK_EXPECT_EQ(trace_len, 1u);
	uk_preempt_enable();
	UK_EXPECT_EQ(trace_len, 2u);
	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

struct alarm {
	struct uk_timer timer;
	struct uk_thread *thread;
};

static void ring(struct uk_timer *t)
{
	uk_thread_wake(UK_CONTAINER_OF(t, struct alarm, timer)->thread);
}

static bool answered;

static void answer(void *arg UK_UNUSED)
{
	answered = true;
}

UK_TEST(schedprio, interrupt_wakes_a_higher_one)
{
	struct uk_thread_attr high = { .policy = UK_THREAD_RR,
				       .prio = 1,
				       .flags = UK_THREAD_SUSPENDED };
	struct alarm a = { .timer = UK_TIMER_INIT(ring) };
	uk_nsec end;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	answered = false;
	a.thread = uk_thread_create(NULL, "high", answer, NULL, &high);
	UK_REQUIRE(a.thread);
	uk_timer_start(&a.timer, uk_deadline(UK_NSEC_PER_MS));
	end = uk_deadline(2000 * UK_NSEC_PER_MS);
	while (!UK_READ_ONCE(answered) && uk_clock_monotonic() < end)
		;
	UK_EXPECT(answered);
	UK_EXPECT_EQ(uk_thread_join(a.thread, UK_NSEC_MAX), 0);
}

UK_TEST(schedprio, fifo_is_not_sliced)
{
	struct uk_thread *self = uk_thread_current(), *t;
	struct uk_thread_attr equal = { .policy = UK_THREAD_RR, .prio = 7 };
	uk_nsec end;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_FIFO, 7), 0);
	trace_len = 0;
	t = uk_thread_create(NULL, "equal", note, (void *)"e", &equal);
	UK_REQUIRE(t);
	end = uk_deadline(3 * SLICE);
	while (uk_clock_monotonic() < end)
		;
	UK_EXPECT_EQ(trace_len, 0u);
	/* As round robin it is. */
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_RR, 7), 0);
	UK_EXPECT_EQ(trace_len, 1u); /* to the end of the queue */
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_OTHER, 0), 0);
}

UK_TEST(schedprio, raising_a_ready_thread)
{
	struct uk_thread *t;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	trace_len = 0;
	uk_preempt_disable();
	t = uk_thread_create(NULL, "low", note, (void *)"l", NULL);
	if (t)
		UK_EXPECT_EQ(uk_thread_set_policy(t, UK_THREAD_FIFO, 99), 0);
	UK_EXPECT_EQ(trace_len, 0u);
	uk_preempt_enable();
	UK_EXPECT_EQ(trace_len, 1u);
	UK_REQUIRE(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}

UK_TEST(schedprio, lower_runs_only_when_higher_blocks)
{
	static unsigned int low_progress;
	struct uk_thread *self = uk_thread_current(), *t;
	uk_nsec end;

	if (!preemptive())
		UK_TEST_SKIP("another scheduler runs");
	uk_test_one_cpu();
	stop = false;
	low_progress = 0;
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_RR, 50), 0);
	t = uk_thread_create(NULL, "hog", hog, &low_progress, NULL);
	UK_REQUIRE(t);
	end = uk_deadline(3 * SLICE);
	while (uk_clock_monotonic() < end)
		;
	uk_sched_yield();
	UK_EXPECT_EQ(low_progress, 0u);
	end = uk_deadline(2 * UK_NSEC_PER_SEC);
	while (!UK_READ_ONCE(low_progress) && uk_clock_monotonic() < end)
		uk_sleep(2 * UK_NSEC_PER_MS);
	UK_EXPECT_GT(low_progress, 0u);
	stop = true;
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(uk_thread_set_policy(self, UK_THREAD_OTHER, 0), 0);
}
