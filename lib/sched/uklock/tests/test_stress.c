/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stress: the locks under threads that give up, hand over and come back at once. What each protects is
 * not atomic, so that a lock that lets two in shows in the sums.
 */
#include <uk/condvar.h>
#include <uk/mutex.h>
#include <uk/rwlock.h>
#include <uk/sched.h>
#include <uk/semaphore.h>
#include <uk/test.h>
#include <uk/time.h>

#define THREADS 8

static struct uk_thread *threads[THREADS];
static unsigned int rounds;

static unsigned int dice(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void run(void (*fn)(void *))
{
	unsigned int n;

	for (n = 0; n < THREADS; n++) {
		threads[n] = uk_thread_create(NULL, "locker", fn, (void *)(uintptr_t)n, NULL);
		if (!UK_EXPECT(threads[n]))
			break;
	}
	while (n--)
		UK_EXPECT_EQ(uk_thread_join(threads[n], UK_NSEC_MAX), 0);
}

/* ---- mutex -------------------------------------------------------------------------------------- */

static struct uk_mutex mutex;
static unsigned int sum, expected;

static void add(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg, mine = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		if (r % 4 == 0 && !uk_mutex_trylock(&mutex))
			continue;
		if (r % 4 == 1 && uk_mutex_lock_until(&mutex, uk_deadline(r % 8192)))
			continue;
		if (r % 4 >= 2)
			uk_mutex_lock(&mutex);
		sum++;
		mine++;
		if (r % 64 == 5)
			uk_sched_yield();
		uk_mutex_unlock(&mutex);
	}
	__atomic_add_fetch(&expected, mine, __ATOMIC_RELAXED);
}

UK_TEST(lock_stress, mutex_excludes)
{
	rounds = uk_test_rounds(1000);
	sum = expected = 0;
	run(add);
	UK_EXPECT_EQ(sum, expected);
	UK_EXPECT_GE(sum, THREADS * rounds / 2);
	UK_EXPECT_EQ(mutex.owner, 0ul);
}

/* ---- semaphore ------------------------------------------------------------------------------------ */

static struct uk_semaphore sem;
static int within;

static void pass(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		if (r % 4 == 0 && !uk_semaphore_trydown(&sem))
			continue;
		if (r % 4 == 1 && uk_semaphore_down_until(&sem, uk_deadline(r % 8192)))
			continue;
		if (r % 4 >= 2)
			uk_semaphore_down(&sem);
		UK_EXPECT_LE(__atomic_add_fetch(&within, 1, __ATOMIC_SEQ_CST), 3);
		if (r % 64 == 5)
			uk_sched_yield();
		__atomic_sub_fetch(&within, 1, __ATOMIC_SEQ_CST);
		uk_semaphore_up(&sem);
	}
}

UK_TEST(lock_stress, semaphore_lets_so_many_in)
{
	rounds = uk_test_rounds(300);
	uk_semaphore_init(&sem, 3);
	run(pass);
	UK_EXPECT_EQ(sem.count, 3u);
}

/* ---- read-write lock ------------------------------------------------------------------------------ */

static struct uk_rwlock rw;
static unsigned int twins[2];

static void read_or_write(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg, mine = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);
		bool writes = r / 4 % 4 == 0;

		if (r % 4 == 0) {
			if (!(writes ? uk_rwlock_trywrlock(&rw) : uk_rwlock_tryrdlock(&rw)))
				continue;
		} else if (r % 4 == 1) {
			uk_nsec deadline = uk_deadline(r % 8192);

			if (writes ? uk_rwlock_wrlock_until(&rw, deadline)
				   : uk_rwlock_rdlock_until(&rw, deadline))
				continue;
		} else if (writes) {
			uk_rwlock_wrlock(&rw);
		} else {
			uk_rwlock_rdlock(&rw);
		}
		if (writes) {
			UK_WRITE_ONCE(twins[0], twins[0] + 1);
			if (r % 64 == 5)
				uk_sched_yield();
			UK_WRITE_ONCE(twins[1], twins[1] + 1);
			mine++;
		} else {
			UK_EXPECT_EQ(UK_READ_ONCE(twins[0]), UK_READ_ONCE(twins[1]));
		}
		uk_rwlock_unlock(&rw);
	}
	__atomic_add_fetch(&expected, mine, __ATOMIC_RELAXED);
}

UK_TEST(lock_stress, writers_are_alone)
{
	rounds = uk_test_rounds(1000);
	twins[0] = twins[1] = expected = 0;
	run(read_or_write);
	UK_EXPECT_EQ(twins[0], expected);
	UK_EXPECT_EQ(twins[1], expected);
	UK_EXPECT_EQ(rw.holders, 0);
}

/* ---- condition variable: a buffer with two places ---------------------------------------------------- */

static struct uk_condvar filled, emptied;
static unsigned int items, in, out;

static void produce_or_consume(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg, state = me;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);
		uk_nsec deadline = r % 4 ? UK_NSEC_MAX : uk_deadline(r % 16384);

		uk_mutex_lock(&mutex);
		while (me % 2 ? items == 2 : items == 0) {
			/* One that gives up passes on a signal that it may have got. */
			if (uk_condvar_wait(me % 2 ? &emptied : &filled, &mutex, deadline))
				deadline = UK_NSEC_MAX;
		}
		if (me % 2) {
			items++;
			in++;
			uk_condvar_signal(&filled);
		} else {
			items--;
			out++;
			uk_condvar_signal(&emptied);
		}
		uk_mutex_unlock(&mutex);
	}
}

UK_TEST(lock_stress, buffer_of_two)
{
	rounds = uk_test_rounds(500);
	items = in = out = 0;
	run(produce_or_consume);
	UK_EXPECT_EQ(items, 0u);
	UK_EXPECT_EQ(in, THREADS / 2 * rounds);
	UK_EXPECT_EQ(out, in);
}
