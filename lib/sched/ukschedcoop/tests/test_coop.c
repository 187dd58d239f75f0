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

UK_TEST(schedcoop, order_of_arrival)
{
	struct uk_sched *s = ukschedcoop_create(uk_heap);
	struct uk_thread t[3] = { { .prio = 0 } };
	bool irq = uk_irq_save();

	UK_EXPECT(s);
	UK_EXPECT_EQ(uk_sched_pick_next(s), NULL);
	UK_EXPECT(!uk_sched_enqueue(s, &t[0], UK_SCHED_WOKEN));
	UK_EXPECT(!uk_sched_enqueue(s, &t[1], UK_SCHED_YIELDED));
	UK_EXPECT(!uk_sched_enqueue(s, &t[2], UK_SCHED_WOKEN));
	uk_sched_dequeue(s, &t[1]);
	UK_EXPECT_EQ(uk_sched_pick_next(s), &t[0]);
	UK_EXPECT_EQ(uk_sched_pick_next(s), &t[2]);
	UK_EXPECT_EQ(uk_sched_pick_next(s), NULL);
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
	struct uk_thread *t = uk_thread_create(NULL, "run", run, NULL, NULL);
	uk_nsec end = uk_deadline(30 * UK_NSEC_PER_MS);

	UK_REQUIRE(t);
	while (uk_clock_monotonic() < end)
		;
	UK_EXPECT(!ran);
	uk_sched_yield();
	UK_EXPECT(ran);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
}
#endif
