/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads: create, join, detach, attributes, keys, once; C11 threads. */
#define _GNU_SOURCE
#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static void *twice(void *arg)
{
	return (void *)((uintptr_t)arg * 2);
}

TEST(thread, create_and_join)
{
	pthread_t t;
	void *result;

	REQUIRE(!pthread_create(&t, NULL, twice, (void *)21));
	REQUIRE(!pthread_join(t, &result));
	EXPECT_EQ((long)result, 42);
}

TEST(thread, many_in_turn)
{
	for (long i = 0; i < 500; i++) {
		pthread_t t;
		void *result;

		REQUIRE(!pthread_create(&t, NULL, twice, (void *)i));
		REQUIRE(!pthread_join(t, &result));
		REQUIRE((long)result == 2 * i);
	}
}

TEST(thread, many_at_once)
{
	enum { N = 32 };
	pthread_t t[N];
	long sum = 0;

	for (long i = 0; i < N; i++)
		REQUIRE(!pthread_create(&t[i], NULL, twice, (void *)i));
	for (long i = 0; i < N; i++) {
		void *result;

		EXPECT_EQ(pthread_join(t[i], &result), 0);
		sum += (long)result;
	}
	EXPECT_EQ(sum, N * (N - 1));
}

static void *rounds_down(void *arg)
{
	int *seen = arg;

	seen[0] = fegetround();
	fesetround(FE_DOWNWARD);
	for (int i = 0; i < 10; i++)
		sched_yield();
	seen[1] = fegetround();
	return NULL;
}

/* Inherited by a new thread, and its own from then on. */
TEST(thread, rounding_mode)
{
	pthread_t t;
	int seen[2] = { -1, -1 };

	REQUIRE(!fesetround(FE_UPWARD));
	REQUIRE(!pthread_create(&t, NULL, rounds_down, seen));
	for (int i = 0; i < 10; i++) {
		sched_yield();
		EXPECT_EQ(fegetround(), FE_UPWARD);
	}
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(fegetround(), FE_UPWARD);
	EXPECT_EQ(fesetround(FE_TONEAREST), 0);
	EXPECT_EQ(seen[0], FE_UPWARD);
	EXPECT_EQ(seen[1], FE_DOWNWARD);
}

static void *divides(void *arg)
{
	int *seen = arg;

	seen[0] = fetestexcept(FE_ALL_EXCEPT);
	feraiseexcept(FE_DIVBYZERO);
	for (int i = 0; i < 10; i++)
		sched_yield();
	seen[1] = fetestexcept(FE_ALL_EXCEPT);
	return NULL;
}

/* The same of exceptions. */
TEST(thread, raised_exceptions)
{
	pthread_t t;
	int seen[2] = { -1, -1 };

	feclearexcept(FE_ALL_EXCEPT);
	feraiseexcept(FE_INVALID);
	REQUIRE(!pthread_create(&t, NULL, divides, seen));
	for (int i = 0; i < 10; i++) {
		sched_yield();
		EXPECT_EQ(fetestexcept(FE_ALL_EXCEPT), FE_INVALID);
	}
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(fetestexcept(FE_ALL_EXCEPT), FE_INVALID);
	feclearexcept(FE_ALL_EXCEPT);
	EXPECT_EQ(seen[0], FE_INVALID);
	EXPECT_EQ(seen[1], FE_INVALID | FE_DIVBYZERO);
}

static void *exits(void *arg)
{
	pthread_exit(arg);
}

TEST(thread, pthread_exit_result)
{
	pthread_t t;
	void *result;

	REQUIRE(!pthread_create(&t, NULL, exits, (void *)7));
	EXPECT_EQ(pthread_join(t, &result), 0);
	EXPECT_EQ((long)result, 7);
}

static void *nested(void *arg)
{
	long depth = (long)arg;
	pthread_t t;
	void *result = NULL;

	if (!depth)
		return (void *)1;
	if (pthread_create(&t, NULL, nested, (void *)(depth - 1)) || pthread_join(t, &result))
		return NULL;
	return (void *)((long)result + 1);
}

TEST(thread, nested)
{
	EXPECT_EQ((long)nested((void *)8), 9);
}

static void *posts(void *arg)
{
	sem_post(arg);
	return NULL;
}

TEST(thread, detached_threads_end)
{
	pthread_attr_t attr;
	sem_t done;
	int state;

	sem_init(&done, 0, 0);
	pthread_attr_init(&attr);
	EXPECT_EQ(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
	EXPECT_EQ(pthread_attr_getdetachstate(&attr, &state), 0);
	EXPECT_EQ(state, PTHREAD_CREATE_DETACHED);
	/* Far more than fit into memory if their stacks were not freed. */
	for (int i = 0; i < 1000; i++) {
		pthread_t t;

		REQUIRE(!pthread_create(&t, i & 1 ? &attr : NULL, posts, &done));
		if (!(i & 1))
			EXPECT_EQ(pthread_detach(t), 0);
		sem_wait(&done);
	}
	pthread_attr_destroy(&attr);
	sem_destroy(&done);
}

static void *sets_errno(void *arg)
{
	errno = 5;
	sem_post(arg);
	nap_ms(20);
	return (void *)(long)errno;
}

TEST(thread, errno_is_each_ones_own)
{
	pthread_t t;
	void *result;
	sem_t s;

	sem_init(&s, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, sets_errno, &s));
	sem_wait(&s);
	errno = 9;
	pthread_join(t, &result);
	EXPECT_EQ((long)result, 5);
	EXPECT_EQ(errno, 9);
}

static void *uses_stack(void *arg)
{
	volatile char big[900 * 1024];

	for (size_t i = 0; i < sizeof(big); i += 4096)
		big[i] = 1;
	return (void *)(uintptr_t)big[4096];
}

TEST(thread, stack_size)
{
	pthread_attr_t attr;
	pthread_t t;
	size_t size;
	void *result = NULL;

	pthread_attr_init(&attr);
	EXPECT_EQ(pthread_attr_setstacksize(&attr, 16), EINVAL);
	EXPECT_EQ(pthread_attr_setstacksize(&attr, 1 << 20), 0);
	EXPECT_EQ(pthread_attr_getstacksize(&attr, &size), 0);
	EXPECT_EQ(size, (size_t)1 << 20);
	EXPECT_EQ(pthread_attr_setguardsize(&attr, 65536), 0);
	REQUIRE(!pthread_create(&t, &attr, uses_stack, NULL));
	pthread_join(t, &result);
	EXPECT_EQ((long)result, 1);
	EXPECT_EQ(pthread_attr_setguardsize(&attr, 0), 0);
	REQUIRE(!pthread_create(&t, &attr, uses_stack, NULL));
	pthread_join(t, &result);
}

static void *address(void *arg)
{
	return __builtin_frame_address(0);
}

TEST(thread, own_stack)
{
	static char stack[65536] __attribute__((__aligned__(16)));
	pthread_attr_t attr;
	pthread_t t;
	void *where;

	pthread_attr_init(&attr);
	EXPECT_EQ(pthread_attr_setstack(&attr, stack, sizeof(stack)), 0);
	REQUIRE(!pthread_create(&t, &attr, address, NULL));
	pthread_join(t, &where);
	EXPECT((char *)where > stack && (char *)where < stack + sizeof(stack));
}

static void *own_attributes(void *arg)
{
	pthread_attr_t attr;
	void *stack;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr) ||
	    pthread_attr_getstack(&attr, &stack, &size))
		return NULL;
	return (void *)(uintptr_t)((char *)&attr >= (char *)stack &&
				   (char *)(&attr + 1) <= (char *)stack + size);
}

TEST(thread, getattr_np)
{
	pthread_t t;
	void *inside = NULL;

	REQUIRE(!pthread_create(&t, NULL, own_attributes, NULL));
	pthread_join(t, &inside);
	EXPECT(inside);
	EXPECT(own_attributes(NULL)); /* the main thread's */
}

TEST(thread, names_and_identity)
{
	pthread_t self = pthread_self();

	EXPECT(pthread_equal(self, pthread_self()));
	EXPECT_GT(gettid(), 0);
	EXPECT_EQ(gettid(), getpid());
	EXPECT_EQ(pthread_setname_np(self, "a name that is much too long"), ERANGE);
}

static void *tid_of(void *arg)
{
	return (void *)(long)gettid();
}

TEST(thread, ids_differ)
{
	pthread_t t;
	void *tid;

	REQUIRE(!pthread_create(&t, NULL, tid_of, NULL));
	pthread_join(t, &tid);
	EXPECT_NE((long)tid, (long)gettid());
}

static void *waits(void *arg)
{
	sem_wait(arg);
	return NULL;
}

TEST(thread, timed_join)
{
	struct timespec past = { 0, 0 }, soon;
	pthread_t t;
	sem_t s;

	sem_init(&s, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, waits, &s));
	EXPECT_EQ(pthread_tryjoin_np(t, NULL), EBUSY);
	EXPECT_EQ(pthread_timedjoin_np(t, NULL, &past), ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000)
		soon.tv_sec++, soon.tv_nsec -= 1000000000;
	EXPECT_EQ(pthread_timedjoin_np(t, NULL, &soon), ETIMEDOUT);
	sem_post(&s);
	EXPECT_EQ(pthread_join(t, NULL), 0);
}

/* ---- keys ---- */

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
	destroyed++;
	if ((long)value > 1)
		pthread_setspecific(key, (void *)((long)value - 1));
}

static void *sets_key(void *arg)
{
	if (pthread_getspecific(key) || pthread_setspecific(key, arg))
		return NULL;
	return pthread_getspecific(key);
}

TEST(thread, keys)
{
	pthread_t t;
	void *result;

	REQUIRE(!pthread_key_create(&key, destroy));
	EXPECT(!pthread_getspecific(key));
	EXPECT_EQ(pthread_setspecific(key, &key), 0);
	REQUIRE(!pthread_create(&t, NULL, sets_key, (void *)3));
	pthread_join(t, &result);
	EXPECT_EQ((long)result, 3);
	EXPECT_EQ(destroyed, 3); /* called again as long as it sets the value anew */
	EXPECT(pthread_getspecific(key) == &key);
	EXPECT_EQ(pthread_key_delete(key), 0);
}

TEST(thread, all_keys)
{
	static pthread_key_t keys[PTHREAD_KEYS_MAX + 1];
	int n = 0;

	while (n <= PTHREAD_KEYS_MAX && !pthread_key_create(&keys[n], NULL))
		n++;
	EXPECT_GE(n, 64);
	EXPECT_LE(n, PTHREAD_KEYS_MAX);
	while (n--)
		EXPECT_EQ(pthread_key_delete(keys[n]), 0);
}

/* ---- once ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void slow_once(void)
{
	nap_ms(20);
	once_runs++;
}

static void *does_once(void *arg)
{
	pthread_once(&once, slow_once);
	return (void *)(long)once_runs;
}

TEST(thread, once)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&t[i], NULL, does_once, NULL));
	for (int i = 0; i < 4; i++) {
		void *runs;

		pthread_join(t[i], &runs);
		EXPECT_EQ((long)runs, 1);
	}
}

/* ---- scheduling ---- */

TEST(thread, scheduling_parameters)
{
	struct sched_param param;
	pthread_attr_t attr;
	cpu_set_t cpus;
	int policy;

	EXPECT_EQ(pthread_getschedparam(pthread_self(), &policy, &param), 0);
	EXPECT_EQ(policy, SCHED_OTHER);
	pthread_attr_init(&attr);
	EXPECT_EQ(pthread_attr_getschedpolicy(&attr, &policy), 0);
	EXPECT_EQ(policy, SCHED_OTHER);
	EXPECT_EQ(sched_yield(), 0);
	EXPECT_GE(sysconf(_SC_NPROCESSORS_ONLN), 1);
	CPU_ZERO(&cpus);
	EXPECT_EQ(pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus), 0);
	EXPECT_GE(CPU_COUNT(&cpus), 1);
}

/* ---- C11 ---- */

static int c11_thread(void *arg)
{
	return (int)(long)arg + 1;
}

TEST(thread, c11)
{
	struct timespec ts = { 0, 1000000 };
	thrd_t t;
	mtx_t m;
	cnd_t c;
	int result;

	REQUIRE(thrd_create(&t, c11_thread, (void *)41) == thrd_success);
	EXPECT_EQ(thrd_join(t, &result), thrd_success);
	EXPECT_EQ(result, 42);
	EXPECT_EQ(mtx_init(&m, mtx_timed | mtx_recursive), thrd_success);
	EXPECT_EQ(mtx_lock(&m), thrd_success);
	EXPECT_EQ(mtx_trylock(&m), thrd_success);
	EXPECT_EQ(cnd_init(&c), thrd_success);
	mtx_unlock(&m);
	EXPECT_EQ(cnd_timedwait(&c, &m, &(struct timespec){ 0, 0 }), thrd_timedout);
	EXPECT_EQ(mtx_unlock(&m), thrd_success);
	EXPECT_EQ(thrd_sleep(&ts, NULL), 0);
	cnd_destroy(&c);
	mtx_destroy(&m);
}
