/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutex, semaphore, read-write lock, condition variable: exclusion, order, deadlines, hand-over.
 */
#include <uk/condvar.h>
#include <uk/mutex.h>
#include <uk/rwlock.h>
#include <uk/sched.h>
#include <uk/semaphore.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>

#define THREADS 6

static unsigned int order[THREADS], arrived;
static struct uk_thread *threads[THREADS];

static bool waits_or_is_gone(const struct uk_thread *t)
{
	unsigned int state = UK_READ_ONCE(t->state);

	return state == UK_THREAD_BLOCKED || state == UK_THREAD_EXITED;
}

/* Starts a thread and waits until it blocks or is gone: so that it is queued next. */
static bool start(unsigned int i, void (*fn)(void *))
{
	threads[i] = uk_thread_create(NULL, "locker", fn, (void *)(uintptr_t)i, NULL);
	if (!threads[i])
		return false;
	while (!waits_or_is_gone(threads[i]))
		uk_sleep(10 * UK_NSEC_PER_US);
	return true;
}

static void join_all(unsigned int n)
{
	while (n--)
		UK_EXPECT_EQ(uk_thread_join(threads[n], UK_NSEC_MAX), 0);
}

static void arrive(void *arg)
{
	order[__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED)] = (unsigned int)(uintptr_t)arg;
}

/* ---- mutex ----------------------------------------------------------------------------------- */

static struct uk_mutex mutex;
static unsigned int shared;

static void lock_and_arrive(void *arg)
{
	uk_mutex_lock(&mutex);
	arrive(arg);
	uk_mutex_unlock(&mutex);
}

UK_TEST(mutex, uncontended)
{
	UK_EXPECT(!uk_mutex_held(&mutex));
	uk_mutex_lock(&mutex);
	UK_EXPECT(uk_mutex_held(&mutex));
	UK_EXPECT(!uk_mutex_trylock(&mutex));
	uk_mutex_unlock(&mutex);
	UK_EXPECT(uk_mutex_trylock(&mutex));
	uk_mutex_unlock(&mutex);
	UK_EXPECT_EQ(uk_mutex_lock_until(&mutex, 0), 0); /* free: the deadline does not matter */
	uk_mutex_unlock(&mutex);
	UK_EXPECT_EQ(mutex.owner, 0ul);
}

UK_TEST(mutex, first_come_first_served)
{
	unsigned int i, n = 0;

	uk_test_one_cpu();
	arrived = 0;
	uk_mutex_lock(&mutex);
	while (n < THREADS && start(n, lock_and_arrive)) /* without memory, fewer */
		n++;
	uk_mutex_unlock(&mutex);
	/* Handed over: the former owner cannot take it before those who waited. */
	UK_EXPECT(!uk_mutex_trylock(&mutex) || arrived == n);
	join_all(n);
	UK_EXPECT_EQ(n, (unsigned int)THREADS);
	for (i = 0; i < n; i++)
		UK_EXPECT_EQ(order[i], i);
	if (uk_mutex_held(&mutex))
		uk_mutex_unlock(&mutex);
	UK_EXPECT_EQ(mutex.owner, 0ul);
}

UK_TEST(mutex, recursive)
{
	struct uk_mutex m = UK_MUTEX_INIT_RECURSIVE;

	uk_mutex_lock(&m);
	uk_mutex_lock(&m);
	UK_EXPECT(uk_mutex_trylock(&m));
	uk_mutex_unlock(&m);
	uk_mutex_unlock(&m);
	UK_EXPECT(uk_mutex_held(&m));
	uk_mutex_unlock(&m);
	UK_EXPECT(!uk_mutex_held(&m));
}

static void lock_or_give_up(void *arg)
{
	UK_EXPECT_EQ(uk_mutex_lock_until(&mutex, uk_deadline(2 * UK_NSEC_PER_MS)), -ETIMEDOUT);
	arrive(arg);
}

UK_TEST(mutex, deadline_and_interrupt)
{
	arrived = 0;
	uk_mutex_lock(&mutex);
	UK_REQUIRE(start(0, lock_or_give_up));
	UK_REQUIRE(start(1, lock_and_arrive));
	join_all(1);
	UK_EXPECT_EQ(arrived, 1u);
	/* uk_mutex_lock() is not interruptible. */
	uk_thread_interrupt(threads[1]);
	uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(arrived, 1u);
	uk_mutex_unlock(&mutex);
	UK_EXPECT_EQ(uk_thread_join(threads[1], UK_NSEC_MAX), 0);
	UK_EXPECT_EQ(arrived, 2u);
	UK_EXPECT_EQ(mutex.owner, 0ul);
}

static void add_slowly(void *arg UK_UNUSED)
{
	unsigned int i, n;

	for (i = 0; i < 200; i++) {
		if (i % 3)
			uk_mutex_lock(&mutex);
		else
			while (uk_mutex_lock_until(&mutex, uk_deadline(20 * UK_NSEC_PER_US)))
				uk_sched_yield(); /* the owner may wait for this CPU */
		n = UK_READ_ONCE(shared);
		if (i % 7 == 0)
			uk_sched_yield();
		if (i % 50 == 0)
			uk_sleep(30 * UK_NSEC_PER_US);
		UK_WRITE_ONCE(shared, n + 1);
		uk_mutex_unlock(&mutex);
	}
}

UK_TEST(mutex, excludes)
{
	unsigned int i;

	shared = 0;
	for (i = 0; i < THREADS; i++) {
		threads[i] = uk_thread_create(NULL, "adder", add_slowly, NULL, NULL);
		UK_REQUIRE(threads[i]);
	}
	join_all(THREADS);
	UK_EXPECT_EQ(shared, 200u * THREADS);
	UK_EXPECT_EQ(mutex.owner, 0ul);
}

/* ---- semaphore --------------------------------------------------------------------------------- */

static struct uk_semaphore sem;

static void down_and_arrive(void *arg)
{
	uk_semaphore_down(&sem);
	arrive(arg);
}

UK_TEST(semaphore, counts)
{
	uk_semaphore_init(&sem, 2);
	uk_semaphore_down(&sem);
	UK_EXPECT(uk_semaphore_trydown(&sem));
	UK_EXPECT(!uk_semaphore_trydown(&sem));
	UK_EXPECT_EQ(uk_semaphore_down_until(&sem, uk_deadline(UK_NSEC_PER_MS)), -ETIMEDOUT);
	uk_semaphore_up(&sem);
	UK_EXPECT_EQ(uk_semaphore_down_until(&sem, 0), 0);
}

UK_TEST(semaphore, ups_go_to_the_longest_waiter)
{
	unsigned int i;

	uk_test_one_cpu();
	uk_semaphore_init(&sem, 0);
	arrived = 0;
	for (i = 0; i < THREADS; i++)
		UK_REQUIRE(start(i, down_and_arrive));
	for (i = 0; i < THREADS; i++) {
		uk_semaphore_up(&sem);
		UK_EXPECT(!uk_semaphore_trydown(&sem));
	}
	join_all(THREADS);
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(order[i], i);
}

static void up_later(struct uk_timer *t UK_UNUSED)
{
	uk_semaphore_up(&sem);
}

UK_TEST(semaphore, up_from_interrupt)
{
	struct uk_timer t = UK_TIMER_INIT(up_later);
	unsigned int i;

	uk_semaphore_init(&sem, 0);
	for (i = 0; i < 20; i++) {
		uk_timer_start(&t, uk_deadline(i * 200));
		uk_semaphore_down(&sem);
	}
	UK_EXPECT_EQ(sem.count, 0u);
}

static void down_interrupted(void *arg)
{
	UK_EXPECT_EQ(uk_semaphore_down_until(&sem, UK_NSEC_MAX), -EINTR);
	arrive(arg);
}

UK_TEST(semaphore, interrupted)
{
	arrived = 0;
	uk_semaphore_init(&sem, 0);
	UK_REQUIRE(start(0, down_interrupted));
	uk_thread_interrupt(threads[0]);
	join_all(1);
	uk_semaphore_up(&sem);
	UK_EXPECT_EQ(sem.count, 1u);
}

/* ---- read-write lock ------------------------------------------------------------------------------ */

static struct uk_rwlock rw;

static void read_and_arrive(void *arg)
{
	uk_rwlock_rdlock(&rw);
	arrive(arg);
	uk_rwlock_unlock(&rw);
}

static void write_and_arrive(void *arg)
{
	uk_rwlock_wrlock(&rw);
	arrive(arg);
	uk_rwlock_unlock(&rw);
}

static void write_or_give_up(void *arg)
{
	UK_EXPECT_EQ(uk_rwlock_wrlock_until(&rw, uk_deadline(200 * UK_NSEC_PER_MS)), -ETIMEDOUT);
	arrive(arg);
}

UK_TEST(rwlock, readers_share_and_writers_do_not)
{
	uk_rwlock_rdlock(&rw);
	UK_EXPECT(uk_rwlock_tryrdlock(&rw));
	UK_EXPECT(!uk_rwlock_trywrlock(&rw));
	uk_rwlock_unlock(&rw);
	UK_EXPECT(!uk_rwlock_trywrlock(&rw));
	uk_rwlock_unlock(&rw);
	UK_EXPECT(uk_rwlock_trywrlock(&rw));
	UK_EXPECT(!uk_rwlock_tryrdlock(&rw));
	UK_EXPECT_EQ(uk_rwlock_rdlock_until(&rw, uk_deadline(UK_NSEC_PER_MS)), -ETIMEDOUT);
	uk_rwlock_unlock(&rw);
	UK_EXPECT_EQ(uk_rwlock_wrlock_until(&rw, 0), 0);
	uk_rwlock_unlock(&rw);
	UK_EXPECT_EQ(rw.holders, 0);
}

UK_TEST(rwlock, in_order_of_arrival)
{
	unsigned int i;

	uk_test_one_cpu();
	arrived = 0;
	uk_rwlock_wrlock(&rw);
	UK_REQUIRE(start(0, read_and_arrive));
	UK_REQUIRE(start(1, read_and_arrive));
	UK_REQUIRE(start(2, write_and_arrive));
	UK_REQUIRE(start(3, read_and_arrive));
	uk_rwlock_unlock(&rw);
	join_all(4);
	UK_EXPECT_LT(order[0], 2u);
	UK_EXPECT_LT(order[1], 2u);
	for (i = 2; i < 4; i++)
		UK_EXPECT_EQ(order[i], i);
}

UK_TEST(rwlock, waiting_writer_holds_back_readers)
{
	arrived = 0;
	uk_rwlock_rdlock(&rw);
	UK_REQUIRE(start(0, write_or_give_up));
	UK_EXPECT(!uk_rwlock_tryrdlock(&rw));
	UK_REQUIRE(start(1, read_and_arrive));
	/* When the writer gives up, the reader behind it gets in although we still hold it. */
	join_all(2);
	UK_EXPECT_EQ(arrived, 2u);
	uk_rwlock_unlock(&rw);
	UK_EXPECT_EQ(rw.holders, 0);
}

static unsigned int writers, readers;

static void read_and_write(void *arg)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		if ((i + (uintptr_t)arg) % 4) {
			uk_rwlock_rdlock(&rw);
			__atomic_add_fetch(&readers, 1, __ATOMIC_RELAXED);
			UK_EXPECT_EQ(UK_READ_ONCE(writers), 0u);
			if (i % 5 == 0)
				uk_sched_yield();
			UK_EXPECT_EQ(UK_READ_ONCE(writers), 0u);
			__atomic_sub_fetch(&readers, 1, __ATOMIC_RELAXED);
		} else {
			while (uk_rwlock_wrlock_until(&rw, uk_deadline(50 * UK_NSEC_PER_US)))
				uk_sched_yield();
			UK_EXPECT_EQ(++writers, 1u);
			if (i % 5 == 0)
				uk_sched_yield();
			UK_EXPECT_EQ(UK_READ_ONCE(readers), 0u);
			writers--;
		}
		uk_rwlock_unlock(&rw);
	}
}

UK_TEST(rwlock, excludes)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		threads[i] =
			uk_thread_create(NULL, "rw", read_and_write, (void *)(uintptr_t)i, NULL);
		UK_REQUIRE(threads[i]);
	}
	join_all(THREADS);
	UK_EXPECT_EQ(rw.holders, 0);
}

/* ---- condition variable ---------------------------------------------------------------------------- */

static struct uk_condvar cv;
static unsigned int tickets;

static void wait_for_ticket(void *arg)
{
	uk_mutex_lock(&mutex);
	while (!tickets)
		UK_EXPECT_EQ(uk_condvar_wait(&cv, &mutex, UK_NSEC_MAX), 0);
	tickets--;
	arrive(arg);
	uk_mutex_unlock(&mutex);
}

UK_TEST(condvar, signal_wakes_in_order)
{
	unsigned int i;

	arrived = tickets = 0;
	for (i = 0; i < THREADS; i++)
		UK_REQUIRE(start(i, wait_for_ticket));
	for (i = 0; i < THREADS; i++) {
		uk_mutex_lock(&mutex);
		tickets++;
		uk_condvar_signal(&cv);
		uk_mutex_unlock(&mutex);
		while (UK_READ_ONCE(arrived) <= i)
			uk_sleep(10 * UK_NSEC_PER_US);
	}
	join_all(THREADS);
	for (i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(order[i], i);
}

UK_TEST(condvar, broadcast)
{
	unsigned int i;

	arrived = tickets = 0;
	for (i = 0; i < THREADS; i++)
		UK_REQUIRE(start(i, wait_for_ticket));
	uk_mutex_lock(&mutex);
	tickets = THREADS;
	uk_condvar_broadcast(&cv);
	uk_mutex_unlock(&mutex);
	join_all(THREADS);
	UK_EXPECT_EQ(arrived, (unsigned int)THREADS);
}

static void wait_interrupted(void *arg)
{
	uk_mutex_lock(&mutex);
	UK_EXPECT_EQ(uk_condvar_wait(&cv, &mutex, UK_NSEC_MAX), -EINTR);
	UK_EXPECT(uk_mutex_held(&mutex));
	arrive(arg);
	uk_mutex_unlock(&mutex);
}

UK_TEST(condvar, deadline_and_interrupt)
{
	arrived = 0;
	uk_mutex_lock(&mutex);
	UK_EXPECT_EQ(uk_condvar_wait(&cv, &mutex, uk_deadline(UK_NSEC_PER_MS)), -ETIMEDOUT);
	UK_EXPECT(uk_mutex_held(&mutex));
	uk_mutex_unlock(&mutex);
	UK_REQUIRE(start(0, wait_interrupted));
	uk_thread_interrupt(threads[0]);
	join_all(1);
	UK_EXPECT(uk_waitq_empty(&cv.waiters));
	UK_EXPECT_EQ(mutex.owner, 0ul);
}
