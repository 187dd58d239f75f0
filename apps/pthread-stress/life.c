/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of threads: data of their own, joining, detaching, cancelling. */
#include "stress.h"
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- data of their own ---- */

static __thread int own[16];
static __thread int initialised = 42;
static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
	free(value);
	__atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

static void *use_data(void *arg)
{
	int me = number(arg), *mine = malloc(sizeof(int));

	CHECK(mine && initialised == 42 && !pthread_getspecific(key));
	*mine = me;
	CHECK(!pthread_setspecific(key, mine));
	for (int i = 0; i < rounds; i++) {
		for (int j = 0; j < 16; j++)
			own[j] = me + i;
		errno = me;
		sched_yield();
		CHECK(errno == me && *(int *)pthread_getspecific(key) == me);
		for (int j = 0; j < 16; j++)
			CHECK(own[j] == me + i);
	}
	return NULL;
}

void thread_data(void)
{
	destroyed = 0;
	CHECK(!pthread_key_create(&key, destroy));
	run(threads, use_data);
	CHECK(destroyed == threads);
	CHECK(!pthread_key_delete(key));
}

/* ---- create and join, from several threads ---- */

static void *answer(void *arg)
{
	char page[4096];

	memset(page, number(arg), sizeof(page)); /* the stack is ours, whoever had it before */
	sched_yield();
	for (unsigned i = 0; i < sizeof(page); i++)
		CHECK(page[i] == (char)number(arg));
	return (void *)((long)arg * 3);
}

static void *create_and_join(void *arg)
{
	pthread_t t[4];
	void *result;

	for (int i = 0; i < rounds / 5 + 1; i++) {
		for (long j = 0; j < 4; j++)
			CHECK(!pthread_create(&t[j], NULL, answer, (void *)(j + i)));
		for (long j = 0; j < 4; j++)
			CHECK(!pthread_join(t[j], &result) && (long)result == (j + i) * 3);
	}
	return NULL;
}

void joined(void)
{
	run(threads / 4 + 1, create_and_join);
}

/* ---- detached: by attribute, by the creator, by itself ---- */

static sem_t ended;

static void *end_detached(void *arg)
{
	if (number(arg) % 3 == 2)
		CHECK(!pthread_detach(pthread_self()));
	answer(arg);
	CHECK(!sem_post(&ended));
	return NULL;
}

void detached(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	sem_init(&ended, 0, 0);
	for (int i = 0; i < rounds / 5 + 1; i++) {
		for (long j = 0; j < threads; j++) {
			CHECK(!pthread_create(&t, j % 3 ? NULL : &a, end_detached, (void *)j));
			if (j % 3 == 1)
				CHECK(!pthread_detach(t));
		}
		for (int j = 0; j < threads; j++)
			while (sem_wait(&ended))
				CHECK(errno == EINTR);
	}
}

/* ---- cancelled: wherever a thread waits, and where it computes ---- */

static int cleaned;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int empty_pipe[2];

static void clean(void *locked)
{
	if (locked)
		pthread_mutex_unlock(locked);
	__atomic_add_fetch(&cleaned, 1, __ATOMIC_RELAXED);
}

static void *wait_for_cancel(void *arg)
{
	static sem_t never_posted; /* zero is a semaphore of value 0 */
	pthread_mutex_t *locked = number(arg) % 6 == 1 ? &lock : NULL;
	int old;
	char c;

	if (locked)
		pthread_mutex_lock(locked);
	pthread_cleanup_push(clean, locked);
	switch (number(arg) % 6) {
	case 0:
		sem_wait(&never_posted);
		break;
	case 1:
		for (;;)
			pthread_cond_wait(&never, locked);
	case 2:
		for (;;)
			sleep(1000);
	case 3:
		for (;;) {
			pthread_testcancel();
			sched_yield();
		}
	case 4:
		if (read(empty_pipe[0], &c, 1) < 0)
			CHECK(errno == EINTR);
		break;
	case 5:
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		for (;;)
			__asm__ volatile("" ::: "memory");
	}
	pthread_cleanup_pop(0);
	CHECK(!"reached");
	return NULL;
}

void cancelled(void)
{
	unsigned random = 1;
	pthread_t t[THREADS_MAX];
	void *result;

	CHECK(!pipe(empty_pipe));
	for (int i = 0; i < rounds / 25 + 1; i++) {
		cleaned = 0;
		for (long j = 0; j < threads; j++)
			CHECK(!pthread_create(&t[j], NULL, wait_for_cancel, (void *)j));
		if (i % 2)
			usleep(next_random(&random) % 5000);
		/* Who has not begun is cancelled at its first chance: before its cleanup handler, perhaps. */
		for (int j = 0; j < threads; j++)
			CHECK(!pthread_cancel(t[j]));
		for (int j = 0; j < threads; j++)
			CHECK(!pthread_join(t[j], &result) && result == PTHREAD_CANCELED);
		CHECK(cleaned <= threads && !pthread_mutex_lock(&lock) &&
		      !pthread_mutex_unlock(&lock));
	}
	close(empty_pipe[0]);
	close(empty_pipe[1]);
}
