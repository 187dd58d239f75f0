/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues and the intrusive queue below them.
 */
#include <uk/irq.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>
#include <uk/waitq.h>

UK_TEST(waitq, queue_order_and_removal)
{
	struct uk_queue q = { NULL };
	struct uk_queue_node n[4] = { { NULL, NULL } };

	UK_EXPECT(uk_queue_empty(&q));
	UK_EXPECT_EQ(uk_queue_pop(&q), NULL);
	uk_queue_push(&q, &n[1]);
	uk_queue_push(&q, &n[2]);
	uk_queue_push(&q, &n[3]);
	uk_queue_push_front(&q, &n[0]);
	UK_EXPECT(uk_queue_linked(&n[2]));
	uk_queue_remove(&q, &n[2]);
	UK_EXPECT(!uk_queue_linked(&n[2]));
	UK_EXPECT_EQ(uk_queue_pop(&q), &n[0]);
	uk_queue_remove(&q, &n[3]); /* the last */
	UK_EXPECT_EQ(uk_queue_pop(&q), &n[1]);
	UK_EXPECT(uk_queue_empty(&q));
	uk_queue_push_front(&q, &n[1]);
	uk_queue_remove(&q, &n[1]);
	UK_EXPECT(uk_queue_empty(&q));
}

#define THREADS 5

static struct uk_waitq wq;
static unsigned int go, order[THREADS], arrived, ready;

static bool may_go(void)
{
	unsigned int n = UK_READ_ONCE(go);

	while (n && !__atomic_compare_exchange_n(&go, &n, n - 1, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
		;
	return n;
}

static void waiter(void *arg)
{
	ready++;
	UK_EXPECT_EQ(UK_WAIT(&wq, may_go(), UK_NSEC_MAX), 0);
	order[__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED)] = (unsigned int)(uintptr_t)arg;
}

/* Blocked, with no wake-up left that it has not looked at. */
static bool waits(const struct uk_thread *t)
{
	return UK_READ_ONCE(t->state) == UK_THREAD_BLOCKED && !UK_READ_ONCE(t->woken);
}

static bool start_waiters(struct uk_thread **t)
{
	unsigned int i;

	go = arrived = ready = 0;
	for (i = 0; i < THREADS; i++) {
		t[i] = uk_thread_create(NULL, "waiter", waiter, (void *)(uintptr_t)i, NULL);
		if (!t[i])
			return false;
		while (UK_READ_ONCE(ready) <= i || !waits(t[i]))
			uk_sleep(10 * UK_NSEC_PER_US);
	}
	return true;
}

UK_TEST(waitq, first_come_first_woken)
{
	struct uk_thread *t[THREADS];
	unsigned int i;

	UK_REQUIRE(start_waiters(t));
	for (i = 0; i < THREADS; i++) {
		__atomic_add_fetch(&go, 1, __ATOMIC_RELEASE);
		UK_EXPECT(uk_waitq_wake_one(&wq));
		while (UK_READ_ONCE(arrived) <= i)
			uk_sleep(10 * UK_NSEC_PER_US);
	}
	UK_EXPECT(!uk_waitq_wake_one(&wq));
	for (i = 0; i < THREADS; i++) {
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
		UK_EXPECT_EQ(order[i], i);
	}
}

UK_TEST(waitq, wake_all)
{
	struct uk_thread *t[THREADS];
	unsigned int i;

	UK_REQUIRE(start_waiters(t));
	/* A wake-up without a cause changes nothing. */
	UK_EXPECT_EQ(uk_waitq_wake_all(&wq), (unsigned int)THREADS);
	uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(arrived, 0u);
	for (i = 0; i < THREADS; i++) /* back in the queue: each has been seen to wait again */
		while (!waits(t[i]))
			uk_sleep(10 * UK_NSEC_PER_US);
	go = THREADS;
	UK_EXPECT_EQ(uk_waitq_wake_all(&wq), (unsigned int)THREADS);
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(arrived, (unsigned int)THREADS);
	UK_EXPECT_EQ(uk_waitq_wake_all(&wq), 0u);
}

UK_TEST(waitq, true_condition_does_not_wait)
{
	UK_EXPECT_EQ(UK_WAIT(&wq, true, 0), 0);
	UK_EXPECT_EQ(UK_WAIT(&wq, false, 0), -ETIMEDOUT);
	UK_EXPECT_EQ(UK_WAIT_UNINTERRUPTIBLE(&wq, false, uk_deadline(UK_NSEC_PER_MS)), -ETIMEDOUT);
	UK_EXPECT(uk_waitq_empty(&wq));
}

struct event {
	struct uk_timer timer;
	bool happened;
};

static void happen(struct uk_timer *t)
{
	UK_CONTAINER_OF(t, struct event, timer)->happened = true;
	uk_waitq_wake_one(&wq);
}

UK_TEST(waitq, wake_from_interrupt_at_any_moment)
{
	struct event e = { .timer = UK_TIMER_INIT(happen) };
	unsigned int i;

	/* The interrupt comes before, during and after the wait is set up. */
	for (i = 0; i < 200; i++) {
		e.happened = false;
		uk_timer_start(&e.timer, uk_deadline(i * 50));
		UK_EXPECT_EQ(UK_WAIT(&wq, UK_READ_ONCE(e.happened), uk_deadline(UK_NSEC_PER_SEC)),
			     0);
	}
	UK_EXPECT(uk_waitq_empty(&wq));
}

static bool interrupted_in_vain;

static void interruptible(void *arg UK_UNUSED)
{
	ready = 1;
	UK_EXPECT_EQ(UK_WAIT(&wq, false, UK_NSEC_MAX), -EINTR);
	/* A true condition wins over a pending interrupt. */
	UK_EXPECT_EQ(UK_WAIT(&wq, true, UK_NSEC_MAX), 0);
	interrupted_in_vain = true;
}

UK_TEST(waitq, interrupt_ends_the_wait)
{
	struct uk_thread *t;

	ready = 0;
	interrupted_in_vain = false;
	t = uk_thread_create(NULL, "interruptible", interruptible, NULL, NULL);
	UK_REQUIRE(t);
	while (!UK_READ_ONCE(ready))
		uk_sched_yield();
	uk_thread_interrupt(t);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	UK_EXPECT(interrupted_in_vain);
	UK_EXPECT(uk_waitq_empty(&wq));
}

struct note {
	struct uk_waiter w;
	unsigned int told;
	uint32_t key;
};

static bool take_note(struct uk_waiter *w, uint32_t key)
{
	struct note *n = UK_CONTAINER_OF(w, struct note, w);

	n->told++;
	n->key = key;
	return false;
}

UK_TEST(waitq, notify_is_told_and_stays)
{
	struct note n[2] = { { .w.notify = take_note }, { .w.notify = take_note } };
	struct uk_thread *t[THREADS];
	unsigned int i;

	uk_waitq_add(&wq, &n[0].w);
	UK_EXPECT(!uk_waitq_wake_one(&wq));
	UK_REQUIRE(start_waiters(t));
	uk_waitq_add(&wq, &n[1].w);
	go = 1;
	UK_EXPECT(uk_waitq_wake_one(&wq)); /* the note, then the first thread, and no further */
	UK_EXPECT_EQ(n[0].told, 2u);
	UK_EXPECT_EQ(n[1].told, 0u);
	while (UK_READ_ONCE(arrived) < 1)
		uk_sleep(10 * UK_NSEC_PER_US);
	go = THREADS - 1;
	UK_EXPECT_EQ(uk_waitq_wake_all(&wq), THREADS - 1u);
	UK_EXPECT_EQ(n[1].told, 1u);
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(uk_thread_join(t[i], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(n[1].key, ~0U);
	UK_EXPECT_EQ(uk_waitq_tell_all(&wq, 5), 0u);
	UK_EXPECT_EQ(n[1].key, 5u);
	UK_EXPECT(uk_waitq_remove(&wq, &n[0].w));
	UK_EXPECT(uk_waitq_remove(&wq, &n[1].w));
	UK_EXPECT(!uk_waitq_remove(&wq, &n[1].w));
}
