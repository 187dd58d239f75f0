/* SPDX-License-Identifier: BSD-3-Clause */
/* Mutexes of all kinds, condition variables, barriers, reader-writer locks, semaphores. */
#include "stress.h"
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

static struct timespec in(long usec)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += usec * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* ---- mutexes ---- */

static const int kinds[] = { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
			     PTHREAD_MUTEX_ERRORCHECK };
#define KINDS 3
static pthread_mutex_t mutex[KINDS];
static struct {
	long count;
	int inside;
} guarded[KINDS];

static bool take(int k, unsigned how)
{
	struct timespec soon = in(200);
	int err;

	switch (how % 4) {
	case 0:
		return !pthread_mutex_trylock(&mutex[k]);
	case 1:
		err = pthread_mutex_timedlock(&mutex[k], &soon);
		CHECK(!err || err == ETIMEDOUT);
		return !err;
	}
	CHECK(!pthread_mutex_lock(&mutex[k]));
	return true;
}

static void *use_mutexes(void *arg)
{
	unsigned random = (unsigned)number(arg);

	for (int i = 0; i < rounds * KINDS; i++) {
		int k = i % KINDS;

		if (!take(k, next_random(&random)))
			CHECK(!pthread_mutex_lock(&mutex[k]));
		CHECK(guarded[k].inside++ == 0);
		if (kinds[k] == PTHREAD_MUTEX_RECURSIVE)
			CHECK(!pthread_mutex_lock(&mutex[k]) && !pthread_mutex_unlock(&mutex[k]));
		if (kinds[k] == PTHREAD_MUTEX_ERRORCHECK)
			CHECK(pthread_mutex_lock(&mutex[k]) == EDEADLK);
		if (next_random(&random) % 8 == 0)
			sched_yield();
		guarded[k].count++;
		CHECK(--guarded[k].inside == 0);
		CHECK(!pthread_mutex_unlock(&mutex[k]));
	}
	return NULL;
}

void mutexes(void)
{
	pthread_mutexattr_t a;

	for (int k = 0; k < KINDS; k++) {
		pthread_mutexattr_init(&a);
		pthread_mutexattr_settype(&a, kinds[k]);
		pthread_mutex_init(&mutex[k], &a);
		guarded[k].count = 0;
	}
	run(threads, use_mutexes);
	for (int k = 0; k < KINDS; k++) {
		CHECK(guarded[k].count == (long)threads * rounds);
		CHECK(!pthread_mutex_destroy(&mutex[k]));
	}
}

/* Each owner ends without unlocking; the next is told so. */
static pthread_mutex_t orphan;
static int orphaned;

static void *die_with_it(void *arg)
{
	int err = pthread_mutex_lock(&orphan);

	CHECK(!err || err == EOWNERDEAD);
	if (err) {
		orphaned++;
		CHECK(!pthread_mutex_consistent(&orphan));
	}
	if (number(arg) % 2)
		CHECK(!pthread_mutex_unlock(&orphan));
	return NULL;
}

void robust(void)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	CHECK(!pthread_mutex_init(&orphan, &a));
	orphaned = 0;
	run(threads, die_with_it);
	if (pthread_mutex_lock(&orphan) == EOWNERDEAD)
		orphaned++;
	CHECK(orphaned == (threads + 1) / 2);
}

/* ---- conditions: a small buffer between half of the threads and the other half ---- */

#define SLOTS 5
static pthread_mutex_t buffer_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static int slots[SLOTS], filled;
static long put_sum, got_sum;

static void wait_on(pthread_cond_t *c, unsigned how)
{
	struct timespec soon = in(500);
	int err = how % 3 ? pthread_cond_wait(c, &buffer_lock)
			  : pthread_cond_timedwait(c, &buffer_lock, &soon);

	CHECK(!err || err == ETIMEDOUT);
}

static void *produce_or_consume(void *arg)
{
	int me = number(arg);
	unsigned random = (unsigned)me;

	for (int i = 0; i < rounds; i++) {
		CHECK(!pthread_mutex_lock(&buffer_lock));
		if (me % 2) {
			while (filled == SLOTS)
				wait_on(&not_full, next_random(&random));
			slots[filled++] = me * rounds + i;
			put_sum += me * rounds + i;
			pthread_cond_signal(&not_empty);
		} else {
			while (!filled)
				wait_on(&not_empty, next_random(&random));
			got_sum += slots[--filled];
			if (next_random(&random) % 2)
				pthread_cond_signal(&not_full);
			else
				pthread_cond_broadcast(&not_full);
		}
		CHECK(!pthread_mutex_unlock(&buffer_lock));
	}
	return NULL;
}

void conditions(void)
{
	put_sum = got_sum = 0;
	run(threads & ~1, produce_or_consume);
	CHECK(!filled && put_sum == got_sum);
}

/* ---- barriers ---- */

static pthread_barrier_t barrier;
static int phase[THREADS_MAX], serial;

static void *pass_barriers(void *arg)
{
	int me = number(arg);

	for (int i = 1; i <= rounds / 5 + 1; i++) {
		phase[me] = i;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED);
		for (int j = 0; j < threads; j++)
			CHECK(phase[j] == i);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

void barriers(void)
{
	serial = 0;
	CHECK(!pthread_barrier_init(&barrier, NULL, (unsigned)threads));
	run(threads, pass_barriers);
	CHECK(serial == rounds / 5 + 1);
	CHECK(!pthread_barrier_destroy(&barrier));
}

/* ---- reader-writer locks ---- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];
static int writers;

static void *read_or_write(void *arg)
{
	unsigned random = (unsigned)number(arg);

	for (int i = 0; i < rounds * 4; i++) {
		if (next_random(&random) % 8) {
			if (next_random(&random) % 4 || pthread_rwlock_tryrdlock(&rwlock))
				CHECK(!pthread_rwlock_rdlock(&rwlock));
			CHECK(pair[0] == pair[1] && !__atomic_load_n(&writers, __ATOMIC_RELAXED));
		} else {
			CHECK(!pthread_rwlock_wrlock(&rwlock));
			CHECK(__atomic_add_fetch(&writers, 1, __ATOMIC_RELAXED) == 1);
			pair[0]++;
			if (next_random(&random) % 4 == 0)
				sched_yield();
			pair[1]++;
			__atomic_sub_fetch(&writers, 1, __ATOMIC_RELAXED);
		}
		CHECK(!pthread_rwlock_unlock(&rwlock));
	}
	return NULL;
}

void rwlocks(void)
{
	run(threads, read_or_write);
	CHECK(pair[0] == pair[1]);
}

/* ---- semaphores ---- */

#define PLACES 3
static sem_t places;
static int inside;

static void *enter_and_leave(void *arg)
{
	unsigned random = (unsigned)number(arg);

	for (int i = 0; i < rounds; i++) {
		struct timespec soon = in(300);

		if (next_random(&random) % 3 || sem_timedwait(&places, &soon))
			while (sem_wait(&places))
				CHECK(errno == EINTR);
		CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED) <= PLACES);
		if (next_random(&random) % 4 == 0)
			sched_yield();
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
		CHECK(!sem_post(&places));
	}
	return NULL;
}

void semaphores(void)
{
	int left;

	sem_init(&places, 0, PLACES);
	run(threads, enter_and_leave);
	CHECK(!sem_getvalue(&places, &left) && left == PLACES && !inside);
}
