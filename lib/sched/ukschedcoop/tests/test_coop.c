/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is particular to the cooperative scheduler: nobody is preempted, order of arrival.
 * The run queue is tested on an object of its own, also in images that run another scheduler.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/sched_ops.h>
#include <uk/schedcoop.h>
#include <uk/test.h>
#include <uk/time.h>

UK_TEST(schedcoop, turns_go_round)
{
	struct uk_sched *s = ukschedcoop_create(uk_heap);
	struct uk_thread t[4] = { { .prio = 0 } };
	unsigned int i;
	bool irq;

	UK_REQUIRE(s);
	irq = uk_irq_save();
	UK_EXPECT_EQ(uk_sched_next(s), NULL);
	for (i = 0; i < 3; i++)
		UK_EXPECT(!uk_sched_add(s, &t[i]));
	UK_EXPECT_EQ(uk_sched_next(s), &t[0]);
	UK_EXPECT_EQ(uk_sched_next(s), &t[0]);
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[0]), &t[1]);
	/* Who comes is behind all others, the running one too. */
	UK_EXPECT(!uk_sched_add(s, &t[3]));
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[1]), &t[2]);
	uk_sched_remove(s, &t[2]);
	UK_EXPECT_EQ(uk_sched_next(s), &t[0]);
	uk_sched_remove(s, &t[1]);
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[0]), &t[3]);
	uk_sched_remove(s, &t[0]);
	UK_EXPECT_EQ(uk_sched_rotate(s, &t[3]), &t[3]);
	uk_sched_remove(s, &t[3]);
	UK_EXPECT_EQ(uk_sched_next(s), NULL);
	UK_EXPECT_EQ(uk_sched_check_policy(s, UK_THREAD_FIFO, 1), -EINVAL);
	uk_irq_restore(irq);
	uk_free(s);
}

#ifndef CONFIG_LIBUKSCHED_PREEMPT
static bool ran;

static void run(void *arg UK_UNUSED)
{
	ran = true;
}

UK_TEST(schedcoop, nobody_is_preempted)
{
	struct uk_thread *t;
	uk_nsec end;

	uk_test_one_cpu();
	UK_REQUIRE(t = uk_thread_create(NULL, "run", run, NULL, NULL));
	end = uk_deadline(30 * UK_NSEC_PER_MS);
	while (uk_clock_monotonic() < end)
		;
	UK_EXPECT(!ran);
	uk_sched_yield();
	UK_EXPECT(ran);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}
#endif
