/* SPDX-License-Identifier: BSD-3-Clause */
/* Condition variables, reader-writer locks, barriers, semaphores. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include "test.h"

static struct timespec in_ms(clockid_t clock, int ms)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += ms % 1000 * 1000000L;
	ts.tv_sec += ms / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

/* ---- condition variables ---- */

static struct {
	pthread_mutex_t m;
	pthread_cond_t c;
	int value, waiting, woken;
} q = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };

static void *ponger(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&q.m);
		while (!(q.value & 1))
			pthread_cond_wait(&q.c, &q.m);
		q.value++;
		pthread_cond_signal(&q.c);
		pthread_mutex_unlock(&q.m);
	}
	return NULL;
}

TEST(cond, ping_pong)
{
	pthread_t t;

	q.value = 0;
	REQUIRE(!pthread_create(&t, NULL, ponger, NULL));
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&q.m);
		while (q.value & 1)
			pthread_cond_wait(&q.c, &q.m);
		q.value++;
		pthread_cond_signal(&q.c);
		pthread_mutex_unlock(&q.m);
	}
	pthread_join(t, NULL);
	EXPECT_EQ(q.value, 400);
}

static void *waits(void *arg)
{
	pthread_mutex_lock(&q.m);
	q.waiting++;
	while (!q.value)
		pthread_cond_wait(&q.c, &q.m);
	q.woken++;
	pthread_mutex_unlock(&q.m);
	return NULL;
}

TEST(cond, broadcast)
{
	pthread_t t[8];
	int waiting;

	q.value = q.waiting = q.woken = 0;
	for (int i = 0; i < 8; i++)
		REQUIRE(!pthread_create(&t[i], NULL, waits, NULL));
	do {
		nap_ms(1);
		pthread_mutex_lock(&q.m);
		waiting = q.waiting;
		pthread_mutex_unlock(&q.m);
	} while (waiting < 8);
	pthread_mutex_lock(&q.m);
	q.value = 1;
	pthread_cond_broadcast(&q.c);
	pthread_mutex_unlock(&q.m);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(q.woken, 8);
}

TEST(cond, timed_wait_on_both_clocks)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	for (int i = 0; i < 2; i++) {
		pthread_condattr_t a;
		pthread_cond_t c;
		struct timespec ts;
		long start = now_ms();

		pthread_condattr_init(&a);
		EXPECT_EQ(pthread_condattr_setclock(&a, clocks[i]), 0);
		EXPECT_EQ(pthread_cond_init(&c, &a), 0);
		ts = in_ms(clocks[i], 30);
		pthread_mutex_lock(&m);
		EXPECT_EQ(pthread_cond_timedwait(&c, &m, &ts), ETIMEDOUT);
		EXPECT_GE(now_ms() - start, 29);
		EXPECT_LT(now_ms() - start, 2000);
		EXPECT_EQ(pthread_mutex_trylock(&m), EBUSY); /* it is ours again */
		ts.tv_nsec = -1;
		EXPECT_EQ(pthread_cond_timedwait(&c, &m, &ts), EINVAL);
		pthread_mutex_unlock(&m);
		pthread_cond_destroy(&c);
	}
}

TEST(cond, signal_without_waiter_is_lost)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 5);
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	pthread_cond_signal(&c);
	pthread_mutex_lock(&m);
	EXPECT_EQ(pthread_cond_timedwait(&c, &m, &ts), ETIMEDOUT);
	pthread_mutex_unlock(&m);
}

TEST(cond, process_shared)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_t t;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&q.m, &ma);
	pthread_cond_init(&q.c, &ca);
	q.value = q.waiting = q.woken = 0;
	REQUIRE(!pthread_create(&t, NULL, waits, NULL));
	nap_ms(10);
	pthread_mutex_lock(&q.m);
	q.value = 1;
	pthread_cond_signal(&q.c);
	pthread_mutex_unlock(&q.m);
	pthread_join(t, NULL);
	EXPECT_EQ(q.woken, 1);
	pthread_mutex_init(&q.m, NULL);
	pthread_cond_init(&q.c, NULL);
}

/* ---- reader-writer locks ---- */

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static int rw_value, rw_bad;

static void *reader(void *arg)
{
	for (int i = 0; i < 300; i++) {
		pthread_rwlock_rdlock(&rw);
		int v = rw_value;

		if (!(i & 31))
			nap_ms(0);
		rw_bad += v != rw_value;
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static void *writer(void *arg)
{
	for (int i = 0; i < 300; i++) {
		pthread_rwlock_wrlock(&rw);
		int v = rw_value;

		if (!(i & 31))
			nap_ms(0);
		rw_value = v + 1;
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

TEST(rwlock, excludes_writers)
{
	pthread_t t[5];

	rw_value = rw_bad = 0;
	for (int i = 0; i < 5; i++)
		REQUIRE(!pthread_create(&t[i], NULL, i < 3 ? reader : writer, NULL));
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(rw_value, 600);
	EXPECT_EQ(rw_bad, 0);
}

static void *try_both(void *arg)
{
	long got = 0;

	if (!pthread_rwlock_tryrdlock(&rw))
		got |= 1, pthread_rwlock_unlock(&rw);
	if (!pthread_rwlock_trywrlock(&rw))
		got |= 2, pthread_rwlock_unlock(&rw);
	return (void *)got;
}

static long other_gets(void)
{
	void *got = NULL;
	pthread_t t;

	pthread_create(&t, NULL, try_both, NULL);
	pthread_join(t, &got);
	return (long)got;
}

TEST(rwlock, tries)
{
	EXPECT_EQ(other_gets(), 3);
	pthread_rwlock_rdlock(&rw);
	EXPECT_EQ(other_gets(), 1);
	pthread_rwlock_rdlock(&rw);
	pthread_rwlock_unlock(&rw);
	EXPECT_EQ(other_gets(), 1);
	pthread_rwlock_unlock(&rw);
	pthread_rwlock_wrlock(&rw);
	EXPECT_EQ(other_gets(), 0);
	pthread_rwlock_unlock(&rw);
}

static void *timed_both(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 10);

	return (void *)(long)(pthread_rwlock_timedrdlock(&rw, &ts) == ETIMEDOUT &&
			      pthread_rwlock_timedwrlock(&rw, &ts) == ETIMEDOUT);
}

TEST(rwlock, timed)
{
	void *ok = NULL;
	pthread_t t;

	pthread_rwlock_wrlock(&rw);
	REQUIRE(!pthread_create(&t, NULL, timed_both, NULL));
	pthread_join(t, &ok);
	pthread_rwlock_unlock(&rw);
	EXPECT(ok);
}

/* ---- barriers ---- */

static pthread_barrier_t barrier;
static int arrived, serial, early;

static void *meets(void *arg)
{
	for (int round = 1; round <= 20; round++) {
		int rc;

		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		rc = pthread_barrier_wait(&barrier);
		if (rc == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
		if (arrived < 4 * round)
			__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void meet(const pthread_barrierattr_t *attr)
{
	pthread_t t[4];

	arrived = serial = early = 0;
	EXPECT_EQ(pthread_barrier_init(&barrier, attr, 4), 0);
	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&t[i], NULL, meets, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(serial, 20);
	EXPECT_EQ(early, 0);
	EXPECT_EQ(pthread_barrier_destroy(&barrier), 0);
}

TEST(barrier, rounds)
{
	meet(NULL);
}

TEST(barrier, process_shared)
{
	pthread_barrierattr_t a;

	pthread_barrierattr_init(&a);
	EXPECT_EQ(pthread_barrierattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	meet(&a);
}

TEST(barrier, of_none)
{
	EXPECT_EQ(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
}

/* ---- semaphores ---- */

TEST(sem, counts)
{
	sem_t s;
	int v;

	EXPECT_EQ(sem_init(&s, 0, 2), 0);
	EXPECT_EQ(sem_wait(&s), 0);
	EXPECT_EQ(sem_trywait(&s), 0);
	EXPECT_FAIL(sem_trywait(&s), EAGAIN);
	EXPECT_EQ(sem_post(&s), 0);
	EXPECT_EQ(sem_getvalue(&s, &v), 0);
	EXPECT_EQ(v, 1);
	EXPECT_FAIL(sem_init(&s, 0, (unsigned)SEM_VALUE_MAX + 1), EINVAL);
	EXPECT_EQ(sem_destroy(&s), 0);
}

TEST(sem, timed_wait)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 30), bad = { 0, 1000000000 };
	long start = now_ms();
	sem_t s;

	sem_init(&s, 0, 0);
	EXPECT_FAIL(sem_timedwait(&s, &ts), ETIMEDOUT);
	EXPECT_GE(now_ms() - start, 29);
	EXPECT_FAIL(sem_timedwait(&s, &bad), EINVAL);
	sem_post(&s);
	EXPECT_EQ(sem_timedwait(&s, &bad), 0); /* no need to wait: time does not matter */
}

static void *poster(void *arg)
{
	for (int i = 0; i < 500; i++)
		sem_post(arg);
	return NULL;
}

TEST(sem, wakes)
{
	pthread_t t;
	sem_t s;

	sem_init(&s, 1, 0);
	REQUIRE(!pthread_create(&t, NULL, poster, &s));
	for (int i = 0; i < 500; i++)
		REQUIRE(!sem_wait(&s));
	pthread_join(t, NULL);
	EXPECT_FAIL(sem_trywait(&s), EAGAIN);
}
