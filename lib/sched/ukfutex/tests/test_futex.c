/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futex operations, as a libc uses them.
 */
#include <uk/errno.h>
#include <uk/futex.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/time.h>

#define THREADS 6
#define ANY     UK_FUTEX_BITSET_ANY

static uint32_t word, word2;
static unsigned int order[THREADS], arrived;
static struct uk_thread *threads[THREADS];
static uint32_t bitsets[THREADS];

static void waiter(void *arg)
{
	unsigned int n = (unsigned int)(uintptr_t)arg;

	UK_EXPECT_EQ(uk_futex_wait(&word, 0, UK_NSEC_MAX, bitsets[n]), 0);
	order[__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED)] = n;
}

static bool waits_or_is_gone(const struct uk_thread *t)
{
	unsigned int state = UK_READ_ONCE(t->state);

	return state == UK_THREAD_BLOCKED || state == UK_THREAD_EXITED;
}

static bool start(unsigned int n)
{
	unsigned int i;

	arrived = word = word2 = 0;
	for (i = 0; i < n; i++) {
		if (!bitsets[i])
			bitsets[i] = ANY;
		threads[i] = uk_thread_create(NULL, "futex", waiter, (void *)(uintptr_t)i, NULL);
		if (!threads[i])
			return false;
		while (!waits_or_is_gone(threads[i]))
			uk_sleep(10 * UK_NSEC_PER_US);
	}
	return true;
}

static void join_all(unsigned int n)
{
	while (n--) {
		UK_EXPECT_EQ(uk_thread_join(threads[n], UK_NSEC_MAX), 0);
		bitsets[n] = ANY;
	}
}

UK_TEST(futex, errors)
{
	word = 5;
	UK_EXPECT_EQ(uk_futex_wait(&word, 4, UK_NSEC_MAX, ANY), -EAGAIN);
	UK_EXPECT_EQ(uk_futex_wait(&word, 5, UK_NSEC_MAX, 0), -EINVAL);
	UK_EXPECT_EQ(uk_futex_wait(&word, 5, 0, ANY), -ETIMEDOUT);
	UK_EXPECT_EQ(uk_futex_wait(&word, 5, uk_deadline(UK_NSEC_PER_MS), ANY), -ETIMEDOUT);
	UK_EXPECT_EQ(uk_futex_wait((uint32_t *)((char *)&word + 1), 5, 0, ANY), -EINVAL);
	UK_EXPECT_EQ(uk_futex_wake(&word, 1, 0), -EINVAL);
	UK_EXPECT_EQ(uk_futex_wake(&word, 1, ANY), 0);
	UK_EXPECT_EQ(uk_futex_requeue(&word, &word2, 1, 1, &(uint32_t){ 4 }), -EAGAIN);
}

UK_TEST(futex, wakes_in_order)
{
	unsigned int i;

	uk_test_one_cpu();
	UK_REQUIRE(start(THREADS));
	UK_EXPECT_EQ(uk_futex_wake(&word2, 10, ANY), 0);
	UK_EXPECT_EQ(uk_futex_wake(&word, 0, ANY), 0);
	for (i = 0; i < 3; i++) {
		UK_EXPECT_EQ(uk_futex_wake(&word, 1, ANY), 1);
		while (UK_READ_ONCE(arrived) <= i)
			uk_sleep(10 * UK_NSEC_PER_US);
	}
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, ANY), THREADS - 3);
	join_all(THREADS);
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(order[i], i);
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, ANY), 0);
}

UK_TEST(futex, bitset_selects)
{
	uk_test_one_cpu();
	bitsets[0] = 1;
	bitsets[1] = 2;
	bitsets[2] = 3;
	UK_REQUIRE(start(3));
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, 4), 0);
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, 2), 2);
	while (UK_READ_ONCE(arrived) < 2)
		uk_sleep(10 * UK_NSEC_PER_US);
	UK_EXPECT_EQ(order[0], 1u);
	UK_EXPECT_EQ(order[1], 2u);
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, 1), 1);
	join_all(3);
}

UK_TEST(futex, requeue)
{
	uk_test_one_cpu();
	UK_REQUIRE(start(THREADS));
	/* Wake one, move two: three stay. */
	UK_EXPECT_EQ(uk_futex_requeue(&word, &word2, 1, 2, NULL), 1);
	UK_EXPECT_EQ(uk_futex_requeue(&word, &word2, 0, 1, &(uint32_t){ 0 }), 1);
	UK_EXPECT_EQ(uk_futex_wake(&word, ~0u, ANY), 2);
	while (UK_READ_ONCE(arrived) < 3)
		uk_sleep(10 * UK_NSEC_PER_US);
	/* To itself: all stay, in order. */
	UK_EXPECT_EQ(uk_futex_requeue(&word2, &word2, 0, ~0u, &(uint32_t){ 0 }), 3);
	UK_EXPECT_EQ(uk_futex_wake(&word2, ~0u, ANY), 3);
	join_all(THREADS);
	UK_EXPECT_EQ(order[0], 0u);
	UK_EXPECT_EQ(order[1], 4u);
	UK_EXPECT_EQ(order[2], 5u);
	UK_EXPECT_EQ(order[3], 1u);
	UK_EXPECT_EQ(order[4], 2u);
	UK_EXPECT_EQ(order[5], 3u);
}

static void timed_waiter(void *arg UK_UNUSED)
{
	UK_EXPECT_EQ(uk_futex_wait(&word, 0, uk_deadline(5 * UK_NSEC_PER_MS), ANY), -ETIMEDOUT);
	arrived++;
}

UK_TEST(futex, requeued_waiter_times_out)
{
	UK_REQUIRE(start(0));
	threads[0] = uk_thread_create(NULL, "futex", timed_waiter, NULL, NULL);
	UK_REQUIRE(threads[0]);
	uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(uk_futex_requeue(&word, &word2, 0, 1, NULL), 0);
	join_all(1);
	UK_EXPECT_EQ(arrived, 1u);
	UK_EXPECT_EQ(uk_futex_wake(&word2, ~0u, ANY), 0);
}

static void interrupted_waiter(void *arg UK_UNUSED)
{
	UK_EXPECT_EQ(uk_futex_wait(&word, 0, UK_NSEC_MAX, ANY), -EINTR);
	arrived++;
}

UK_TEST(futex, interrupt)
{
	UK_REQUIRE(start(0));
	threads[0] = uk_thread_create(NULL, "futex", interrupted_waiter, NULL, NULL);
	UK_REQUIRE(threads[0]);
	uk_sleep(UK_NSEC_PER_MS);
	uk_thread_interrupt(threads[0]);
	join_all(1);
	UK_EXPECT_EQ(arrived, 1u);
}

#define OP(op, arg, cmp, cmparg)                                                                   \
	((uint32_t)(op) << 28 | (uint32_t)(cmp) << 24 | ((arg)&0xfffu) << 12 | ((cmparg)&0xfffu))

UK_TEST(futex, wake_op)
{
	static const struct {
		uint32_t before, op, after;
		int woken;
	} cases[] = {
		{ 3, OP(0, 7, 0, 3), 7, 2 },      /* set; == */
		{ 3, OP(1, 7, 1, 3), 10, 1 },     /* add; != */
		{ 3, OP(1, -1, 4, -5), 2, 2 },    /* add -1; > -5 */
		{ 3, OP(2, 4, 2, 3), 7, 1 },      /* or; < */
		{ 3, OP(3, 1, 3, 3), 2, 2 },      /* and not; <= */
		{ 3, OP(4, 1, 5, 4), 2, 1 },      /* xor; >= */
		{ 3, OP(0 | 8, 5, 0, 3), 32, 2 }, /* set 1 << 5 */
	};
	unsigned int i;

	for (i = 0; i < UK_ARRAY_SIZE(cases); i++) {
		UK_REQUIRE(start(2));
		/* Both wait on word: one is woken as addr1, the other as addr2's. */
		UK_EXPECT_EQ(uk_futex_requeue(&word, &word2, 0, 1, NULL), 0);
		word2 = cases[i].before;
		UK_EXPECT_EQ(uk_futex_wake_op(&word, 1, &word2, 1, cases[i].op), cases[i].woken);
		UK_EXPECT_EQ(word2, cases[i].after);
		uk_futex_wake(&word2, 1, ANY);
		join_all(2);
	}
	UK_EXPECT_EQ(uk_futex_wake_op(&word, 1, &word2, 1, OP(5, 0, 0, 0)), -ENOSYS);
	UK_EXPECT_EQ(uk_futex_wake_op(&word, 1, &word2, 1, OP(0, 0, 6, 0)), -ENOSYS);
}

/* ---- a mutex as libcs build it: 0 free, 1 locked, 2 locked and waited for ------------------------- */

static uint32_t lock;
static unsigned int shared;

static void futex_lock(void)
{
	uint32_t c = 0;

	if (__atomic_compare_exchange_n(&lock, &c, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	if (c != 2)
		c = __atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE);
	while (c) {
		uk_futex_wait(&lock, 2, uk_deadline(100 * UK_NSEC_PER_US), ANY);
		c = __atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE);
	}
}

static void futex_unlock(void)
{
	if (__atomic_exchange_n(&lock, 0, __ATOMIC_RELEASE) == 2)
		uk_futex_wake(&lock, 1, ANY);
}

static void add(void *arg UK_UNUSED)
{
	unsigned int i, n;

	for (i = 0; i < 300; i++) {
		futex_lock();
		n = UK_READ_ONCE(shared);
		if (i % 5 == 0)
			uk_sched_yield();
		UK_WRITE_ONCE(shared, n + 1);
		futex_unlock();
	}
}

UK_TEST(futex, mutex_on_top_excludes)
{
	unsigned int i;

	shared = 0;
	for (i = 0; i < THREADS; i++) {
		threads[i] = uk_thread_create(NULL, "adder", add, NULL, NULL);
		UK_REQUIRE(threads[i]);
	}
	join_all(THREADS);
	UK_EXPECT_EQ(shared, 300u * THREADS);
}
