/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stress: wait, wake and requeue against each other, as libcs use them. None has a deadline that would
 * hide a wake-up that is lost: then the test does not end.
 */
#include <uk/futex.h>
#include <uk/sched.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/time.h>

#define THREADS 8
#define ANY     UK_FUTEX_BITSET_ANY

static struct uk_thread *threads[THREADS];
static unsigned int rounds;

static void run(void (*fn)(void *))
{
	unsigned int n;

	for (n = 0; n < THREADS; n++) {
		threads[n] = uk_thread_create(NULL, "futex", fn, (void *)(uintptr_t)n, NULL);
		if (!UK_EXPECT(threads[n]))
			break;
	}
	while (n--)
		UK_EXPECT_EQ(uk_thread_join(threads[n], UK_NSEC_MAX), 0);
}

/* ---- two threads and a word -------------------------------------------------------------------- */

static uint32_t ball[THREADS / 2];

static void ping_pong(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	uint32_t *b = &ball[me / 2], v;

	for (unsigned int i = 0; i < rounds; i++) {
		while (((v = __atomic_load_n(b, __ATOMIC_ACQUIRE)) & 1) != (me & 1))
			uk_futex_wait(b, v, UK_NSEC_MAX, ANY);
		__atomic_store_n(b, v + 1, __ATOMIC_RELEASE);
		uk_futex_wake(b, 1, ANY);
	}
}

UK_TEST(futex_stress, ping_pong)
{
	rounds = uk_test_rounds(1000);
	memset(ball, 0, sizeof(ball));
	run(ping_pong);
	for (unsigned int i = 0; i < THREADS / 2; i++)
		UK_EXPECT_EQ(ball[i], 2 * rounds);
}

/* ---- a mutex, and a barrier whose broadcast moves the waiters over to it ---------------------------- */

static uint32_t lock, generation;
static unsigned int inside, shared;

static void acquire(uint32_t how)
{
	uint32_t c = 0;

	if (how == 1 &&
	    __atomic_compare_exchange_n(&lock, &c, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE))
		uk_futex_wait(&lock, 2, UK_NSEC_MAX, ANY);
}

static void release(void)
{
	if (__atomic_exchange_n(&lock, 0, __ATOMIC_RELEASE) == 2)
		uk_futex_wake(&lock, 1, ANY);
}

static void meet(void *arg UK_UNUSED)
{
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t now;

		acquire(1);
		shared++;
		now = generation;
		if (++inside == THREADS) {
			inside = 0;
			__atomic_store_n(&generation, now + 1, __ATOMIC_RELEASE);
			/* Whoever is moved to the lock is woken by an unlock: ours must do it. */
			__atomic_store_n(&lock, 2, __ATOMIC_RELAXED);
			uk_futex_requeue(&generation, &lock, 1, THREADS, NULL);
			release();
			continue;
		}
		release();
		while (__atomic_load_n(&generation, __ATOMIC_ACQUIRE) == now)
			uk_futex_wait(&generation, now, UK_NSEC_MAX, ANY);
		acquire(2); /* there may be others that were moved with us */
		shared++;
		release();
	}
}

UK_TEST(futex_stress, requeue_loses_nobody)
{
	rounds = uk_test_rounds(200);
	inside = shared = 0;
	lock = generation = 0;
	run(meet);
	UK_EXPECT_EQ(shared, rounds * (2 * THREADS - 1));
	UK_EXPECT_EQ(generation, rounds);
}

/* ---- deadlines and requeues of waiters that are about to give up ------------------------------------ */

static uint32_t words[4];
static unsigned int left;

static void shuffle(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t *a, *b;

		state = state * 1664525 + 1013904223;
		a = &words[state >> 8 & 3];
		b = &words[state >> 10 & 3];
		switch (state >> 12 & 3) {
		case 0:
		case 1:
			uk_futex_wait(a, 0, uk_deadline(state >> 16 & 0x3fff), 1 + (state & 2));
			break;
		case 2:
			uk_futex_requeue(a, b, 0, 1 + (state >> 14 & 3), NULL);
			break;
		case 3:
			uk_futex_wake(a, state >> 14 & 3, 1 + (state & 2));
			break;
		}
	}
	__atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED);
}

UK_TEST(futex_stress, wait_wake_requeue_time_out)
{
	rounds = uk_test_rounds(500);
	left = THREADS;
	run(shuffle);
	UK_EXPECT_EQ(left, 0u);
	for (unsigned int i = 0; i < 4; i++)
		UK_EXPECT_EQ(uk_futex_wake(&words[i], ~0u, ANY), 0);
}
