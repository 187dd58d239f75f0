/* SPDX-License-Identifier: BSD-3-Clause */
/* Mutexes of all types: normal, recursive, error checking, robust, priority inheriting. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
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

static void *run(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	void *result = NULL;

	if (!EXPECT_EQ(pthread_create(&t, NULL, fn, arg), 0))
		return NULL;
	pthread_join(t, &result);
	return result;
}

static void make(pthread_mutex_t *m, int type, int robust, int protocol)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	EXPECT_EQ(pthread_mutexattr_settype(&a, type), 0);
	EXPECT_EQ(pthread_mutexattr_setrobust(&a, robust), 0);
	if (protocol)
		EXPECT_EQ(pthread_mutexattr_setprotocol(&a, protocol), 0);
	EXPECT_EQ(pthread_mutex_init(m, &a), 0);
	pthread_mutexattr_destroy(&a);
}

static struct {
	pthread_mutex_t m;
	long count;
} shared = { PTHREAD_MUTEX_INITIALIZER, 0 };

static void *counts(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&shared.m);
		long c = shared.count;

		if (!(i & 63))
			sched_yield();
		shared.count = c + 1;
		pthread_mutex_unlock(&shared.m);
	}
	return NULL;
}

TEST(mutex, excludes)
{
	pthread_t t[4];

	shared.count = 0;
	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&t[i], NULL, counts, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(shared.count, 8000);
}

static void *trylock(void *arg)
{
	int rc = pthread_mutex_trylock(arg);

	if (!rc)
		pthread_mutex_unlock(arg);
	return (void *)(long)rc;
}

TEST(mutex, trylock)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	EXPECT_EQ((long)run(trylock, &m), 0);
	pthread_mutex_lock(&m);
	EXPECT_EQ((long)run(trylock, &m), EBUSY);
	EXPECT_EQ(pthread_mutex_trylock(&m), EBUSY);
	pthread_mutex_unlock(&m);
	EXPECT_EQ(pthread_mutex_destroy(&m), 0);
}

static void *timedlock(void *arg)
{
	long start = now_ms();
	struct timespec ts = in_ms(CLOCK_REALTIME, 30);
	int rc = pthread_mutex_timedlock(arg, &ts);

	EXPECT_GE(now_ms() - start, 29);
	return (void *)(long)rc;
}

TEST(mutex, timedlock)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	struct timespec bad = { 0, 1000000000 };

	pthread_mutex_lock(&m);
	EXPECT_EQ((long)run(timedlock, &m), ETIMEDOUT);
	EXPECT_EQ(pthread_mutex_timedlock(&m, &bad), EINVAL);
	pthread_mutex_unlock(&m);
}

TEST(mutex, recursive)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_RECURSIVE, 0, 0);
	EXPECT_EQ(pthread_mutex_lock(&m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), 0);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	EXPECT_EQ((long)run(trylock, &m), EBUSY);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	EXPECT_EQ((long)run(trylock, &m), 0);
	EXPECT_EQ(pthread_mutex_unlock(&m), EPERM);
}

static void *unlocks(void *arg)
{
	return (void *)(long)pthread_mutex_unlock(arg);
}

TEST(mutex, errorcheck)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_ERRORCHECK, 0, 0);
	EXPECT_EQ(pthread_mutex_unlock(&m), EPERM);
	EXPECT_EQ(pthread_mutex_lock(&m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), EDEADLK);
	EXPECT_EQ((long)run(unlocks, &m), EPERM);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
}

static void *locks(void *arg)
{
	return (void *)(long)pthread_mutex_lock(arg); /* and dies with it */
}

static void robust(int protocol)
{
	pthread_mutex_t m;

	make(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, protocol);
	EXPECT_EQ((long)run(locks, &m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), EOWNERDEAD);
	EXPECT_EQ(pthread_mutex_consistent(&m), 0);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), 0);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	/* Not made consistent: lost for good. */
	EXPECT_EQ((long)run(locks, &m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), EOWNERDEAD);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), ENOTRECOVERABLE);
	EXPECT_EQ(pthread_mutex_trylock(&m), ENOTRECOVERABLE);
}

TEST(mutex, robust)
{
	robust(0);
}

static void *dies_later(void *arg)
{
	pthread_mutex_lock(arg);
	nap_ms(30);
	return NULL;
}

TEST(mutex, robust_wakes_waiter)
{
	pthread_mutex_t m;
	pthread_t t;

	make(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, 0);
	REQUIRE(!pthread_create(&t, NULL, dies_later, &m));
	nap_ms(10);
	EXPECT_EQ(pthread_mutex_lock(&m), EOWNERDEAD);
	pthread_mutex_consistent(&m);
	pthread_mutex_unlock(&m);
	pthread_join(t, NULL);
}

TEST(mutex, attributes)
{
	pthread_mutexattr_t a;
	int v;

	pthread_mutexattr_init(&a);
	EXPECT_EQ(pthread_mutexattr_gettype(&a, &v), 0);
	EXPECT_EQ(v, PTHREAD_MUTEX_DEFAULT);
	EXPECT_EQ(pthread_mutexattr_settype(&a, 17), EINVAL);
	EXPECT_EQ(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	EXPECT_EQ(pthread_mutexattr_getpshared(&a, &v), 0);
	EXPECT_EQ(v, PTHREAD_PROCESS_SHARED);
	EXPECT_EQ(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), ENOTSUP);
	EXPECT_EQ(pthread_mutexattr_setprotocol(&a, 17), EINVAL);
}

static bool have_pi(void)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	return !pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
}

/* Priority inheritance either works or says that it is not there. */
TEST(mutex, priority_inheritance)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	int rc;

	pthread_mutexattr_init(&a);
	rc = pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	if (rc) {
		EXPECT(rc == ENOTSUP || rc == ENOSYS);
		SKIP("not supported, and it says so");
	}
	make(&m, PTHREAD_MUTEX_ERRORCHECK, 0, PTHREAD_PRIO_INHERIT);
	EXPECT_EQ(pthread_mutex_lock(&m), 0);
	EXPECT_EQ(pthread_mutex_lock(&m), EDEADLK);
	EXPECT_EQ((long)run(trylock, &m), EBUSY);
	EXPECT_EQ((long)run(timedlock, &m), ETIMEDOUT);
	EXPECT_EQ(pthread_mutex_unlock(&m), 0);
	EXPECT_EQ((long)run(trylock, &m), 0);
	shared.count = 0;
	make(&shared.m, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_INHERIT);

	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		REQUIRE(!pthread_create(&t[i], NULL, counts, NULL));
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(shared.count, 6000);
	pthread_mutex_init(&shared.m, NULL);
}

TEST(mutex, priority_inheritance_robust)
{
	if (!have_pi())
		SKIP("not supported, and it says so");
	robust(PTHREAD_PRIO_INHERIT);
}

TEST(mutex, spin)
{
	pthread_spinlock_t s;

	EXPECT_EQ(pthread_spin_init(&s, 0), 0);
	EXPECT_EQ(pthread_spin_lock(&s), 0);
	EXPECT_EQ(pthread_spin_trylock(&s), EBUSY);
	EXPECT_EQ(pthread_spin_unlock(&s), 0);
	EXPECT_EQ(pthread_spin_trylock(&s), 0);
	EXPECT_EQ(pthread_spin_unlock(&s), 0);
	EXPECT_EQ(pthread_spin_destroy(&s), 0);
}
