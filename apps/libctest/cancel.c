/* SPDX-License-Identifier: BSD-3-Clause */
/* Cancellation: deferred at every kind of blocking call, disabled, asynchronous, cleanup. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static int fds[2];
static sem_t ready;
static volatile int cleaned, after;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_t sleeper;

static void clean(void *arg)
{
	cleaned = cleaned * 10 + (int)(long)arg;
}

static void unlock(void *arg)
{
	/* The mutex must be ours again: an error checking unlock by its owner succeeds. */
	cleaned = pthread_mutex_trylock(arg) == EBUSY;
	pthread_mutex_unlock(arg);
}

static void *forever(void *arg)
{
	for (;;)
		nap_ms(1000);
	return NULL;
}

/* One blocking call each; all are cancellation points. */
static void block_read(void)
{
	char b;

	(void)!read(fds[0], &b, 1);
}

static void block_nanosleep(void)
{
	struct timespec ts = { 100, 0 };

	nanosleep(&ts, NULL);
}

static void block_poll(void)
{
	struct pollfd p = { fds[0], POLLIN, 0 };

	poll(&p, 1, -1);
}

static void block_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	select(fds[0] + 1, &set, NULL, NULL, NULL);
}

static void block_sem(void)
{
	sem_t s;

	sem_init(&s, 0, 0);
	sem_wait(&s);
}

static void block_join(void)
{
	pthread_join(sleeper, NULL);
}

static void block_sigsuspend(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigsuspend(&set);
}

static void block_pause(void)
{
	pause();
}

static void block_cond(void)
{
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(1);
}

static void block_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &sig);
}

static void busy_testcancel(void)
{
	for (;;)
		pthread_testcancel(), sched_yield();
}

static void *runs(void *arg)
{
	void (*fn)(void);

	memcpy(&fn, arg, sizeof(fn));
	sem_post(&ready);
	fn();
	after = 1;
	return NULL;
}

/* Cancels a thread in fn, after it has blocked (delay) or maybe before. */
static void cancels(void (*fn)(void), int delay)
{
	void *result = NULL;
	pthread_t t;

	after = 0;
	if (!fds[1])
		REQUIRE(!pipe(fds));
	sem_init(&ready, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, runs, &fn));
	sem_wait(&ready);
	if (delay)
		nap_ms(delay);
	EXPECT_EQ(pthread_cancel(t), 0);
	EXPECT_EQ(pthread_join(t, &result), 0);
	EXPECT(result == PTHREAD_CANCELED);
	EXPECT_EQ(after, 0);
}

#define CANCELS(name)                                                                              \
	TEST(cancel, name)                                                                         \
	{                                                                                          \
		cancels(block_##name, 10);                                                         \
		cancels(block_##name, 0);                                                          \
	}

CANCELS(read)
CANCELS(nanosleep)
CANCELS(poll)
CANCELS(select)
CANCELS(sem)
CANCELS(sigsuspend)
CANCELS(pause)
CANCELS(sigwait)

TEST(cancel, join)
{
	void *result;

	REQUIRE(!pthread_create(&sleeper, NULL, forever, NULL));
	cancels(block_join, 10);
	EXPECT_EQ(pthread_cancel(sleeper), 0);
	EXPECT_EQ(pthread_join(sleeper, &result), 0); /* it can still be joined */
	EXPECT(result == PTHREAD_CANCELED);
}

TEST(cancel, cond_wait_gives_the_mutex_back)
{
	cleaned = 0;
	cancels(block_cond, 10);
	EXPECT_EQ(cleaned, 1);
	EXPECT_EQ(pthread_mutex_trylock(&m), 0);
	pthread_mutex_unlock(&m);
}

TEST(cancel, testcancel)
{
	cancels(busy_testcancel, 10);
}

static void *with_cleanup(void *arg)
{
	pthread_cleanup_push(clean, (void *)1);
	pthread_cleanup_push(clean, (void *)2);
	pthread_cleanup_push(clean, (void *)3);
	pthread_cleanup_pop(1);
	sem_post(&ready);
	forever(NULL);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

TEST(cancel, cleanup_in_reverse_order)
{
	pthread_t t;

	cleaned = 0;
	sem_init(&ready, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, with_cleanup, NULL));
	sem_wait(&ready);
	pthread_cancel(t);
	pthread_join(t, NULL);
	EXPECT_EQ(cleaned, 321);
}

static void *disabled(void *arg)
{
	char b = 0;
	int old;

	if (pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) || old != PTHREAD_CANCEL_ENABLE)
		return NULL;
	sem_post(&ready);
	/* Blocks while the request comes: it must not be disturbed, not even by EINTR. */
	if (read(fds[0], &b, 1) != 1 || b != 'x')
		return (void *)1;
	nap_ms(5);
	cleaned = 1;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	return (void *)2;
}

TEST(cancel, disabled)
{
	void *result;
	pthread_t t;

	cleaned = 0;
	REQUIRE(!pipe(fds));
	sem_init(&ready, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, disabled, NULL));
	sem_wait(&ready);
	nap_ms(10);
	pthread_cancel(t);
	nap_ms(10);
	EXPECT_EQ(write(fds[1], "x", 1), 1);
	pthread_join(t, &result);
	EXPECT(result == PTHREAD_CANCELED);
	EXPECT_EQ(cleaned, 1);
}

static void *spins(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	sem_post(&ready);
	for (volatile long i = 0;; i++)
		;
	return NULL;
}

/* Needs a scheduler that takes the CPU away: with a cooperative one nobody else would run. */
TEST(cancel, asynchronous)
{
	void *result;
	pthread_t t;

	if (!preemptive())
		SKIP("the scheduler does not preempt");
	sem_init(&ready, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, spins, NULL));
	sem_wait(&ready);
	pthread_cancel(t);
	pthread_join(t, &result);
	EXPECT(result == PTHREAD_CANCELED);
}

static void *cancels_itself(void *arg)
{
	pthread_cancel(pthread_self());
	after = 1; /* deferred: not yet */
	pthread_testcancel();
	after = 2;
	return NULL;
}

TEST(cancel, oneself)
{
	void *result;
	pthread_t t;

	REQUIRE(!pthread_create(&t, NULL, cancels_itself, NULL));
	pthread_join(t, &result);
	EXPECT(result == PTHREAD_CANCELED);
	EXPECT_EQ(after, 1);
}

static void *reads_what_is_there(void *arg)
{
	char b[2] = "";

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&ready);
	nap_ms(20); /* the request comes now */
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	(void)!read(fds[0], b, 1);
	after = 1;
	return NULL;
}

/* A request that is pending acts before the call has an effect: the byte stays in the pipe. */
TEST(cancel, pending_request_leaves_data)
{
	void *result;
	pthread_t t;
	char b = 0;

	after = 0;
	REQUIRE(!pipe(fds));
	EXPECT_EQ(write(fds[1], "y", 1), 1);
	sem_init(&ready, 0, 0);
	REQUIRE(!pthread_create(&t, NULL, reads_what_is_there, NULL));
	sem_wait(&ready);
	pthread_cancel(t);
	pthread_join(t, &result);
	EXPECT(result == PTHREAD_CANCELED);
	EXPECT_EQ(after, 0);
	EXPECT_EQ(read(fds[0], &b, 1), 1);
	EXPECT_EQ(b, 'y');
}

TEST(cancel, many)
{
	for (int i = 0; i < 50; i++)
		cancels(block_read, 0);
}
