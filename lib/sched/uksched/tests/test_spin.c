/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Locks below threads: each is used by several threads at once, on as many CPUs as there are, and
 * what it protects is broken by design as soon as two are inside.
 */
#include <uk/atomic.h>
#include <uk/rcu.h>
#include <uk/rwspin.h>
#include <uk/sched.h>
#include <uk/seqlock.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#include <uk/timer.h>
#endif
#include <uk/spinlock.h>
#include <uk/test.h>
#include <uk/time.h>

#define THREADS 4
#define ROUNDS  3000

/* With a cooperative scheduler on one CPU, threads meet only where they let each other run. */
static void now_and_then(unsigned i)
{
	if (i % 16 == 15)
		uk_sched_yield();
}

static unsigned failures;

static void check(bool ok)
{
	if (!ok)
		uk_atomic_add_relaxed(&failures, 1);
}

/* Runs fn(number) in THREADS threads. True if all were there, and nothing was wrong. */
static bool in_threads(void (*fn)(void *number))
{
	struct uk_thread *t[THREADS];
	unsigned n = 0;

	failures = 0;
	while (n < THREADS &&
	       (t[n] = uk_thread_create(NULL, "lock", fn, (void *)(uintptr_t)n, NULL)))
		n++;
	for (unsigned i = 0; i < n; i++)
		check(!uk_thread_join(t[i], UK_NSEC_MAX));
	return n == THREADS && !failures;
}

/* ---- atomics ---- */

#define CHECK_ATOMICS(type)                                                                        \
	do {                                                                                       \
		type word[3] = { (type)-1, 5, (type)-1 }, *p = &word[1], old;                      \
                                                                                                   \
		uk_atomic_add_relaxed(p, 3);                                                       \
		UK_EXPECT_EQ(uk_atomic_load_acquire(p), 8);                                        \
		uk_atomic_or_relaxed(p, 0x11);                                                     \
		uk_atomic_and_relaxed(p, 0x1e);                                                    \
		UK_EXPECT_EQ(uk_atomic_load_relaxed(p), 0x18);                                     \
		UK_EXPECT_EQ(uk_atomic_fetch_add(p, (type)-1), 0x18);                              \
		UK_EXPECT_EQ(uk_atomic_fetch_add_relaxed(p, 2), 0x17);                             \
		UK_EXPECT_EQ(uk_atomic_exchange(p, 7), 0x19);                                      \
		old = 6;                                                                           \
		UK_EXPECT(!uk_atomic_cas(p, &old, 9));                                             \
		UK_EXPECT_EQ(old, 7);                                                              \
		UK_EXPECT(uk_atomic_cas_acquire(p, &old, 9));                                      \
		old = 9;                                                                           \
		UK_EXPECT(uk_atomic_cas_release(p, &old, 2));                                      \
		uk_atomic_store_relaxed(p, *p - 1);                                                \
		uk_ref_get(p);                                                                     \
		UK_EXPECT(!uk_ref_put(p));                                                         \
		UK_EXPECT(uk_ref_put(p));                                                          \
		uk_atomic_store_release(p, 4);                                                     \
		uk_atomic_fence();                                                                 \
		UK_EXPECT_EQ(*p, 4);                                                               \
		UK_EXPECT_EQ(word[0], (type)-1); /* of its width */                                \
		UK_EXPECT_EQ(word[2], (type)-1);                                                   \
	} while (0)

UK_TEST(ukspin_atomic, operations)
{
	CHECK_ATOMICS(uint8_t);
	CHECK_ATOMICS(uint16_t);
	CHECK_ATOMICS(uint32_t);
	CHECK_ATOMICS(uint64_t);
}

static uint64_t sum, tickets, owner;

static void add_up(void *number)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t free = 0, ticket = uk_atomic_fetch_add(&tickets, 1);

		uk_atomic_add_relaxed(&sum, ticket);
		/* A lock made of one word. */
		while (!uk_atomic_cas_acquire(&owner, &free, (uintptr_t)number + 1)) {
			free = 0;
			uk_sched_yield();
		}
		check(uk_atomic_load_relaxed(&owner) == (uintptr_t)number + 1);
		uk_atomic_store_release(&owner, 0);
		now_and_then(i);
	}
}

UK_TEST(ukspin_atomic, threads_lose_nothing)
{
	uint64_t n = THREADS * ROUNDS;

	sum = tickets = owner = 0;
	UK_EXPECT(in_threads(add_up));
	UK_EXPECT_EQ(tickets, n);
	UK_EXPECT_EQ(sum, n * (n - 1) / 2);
}

/* ---- exclusive ---- */

static struct uk_spinlock lock;
static unsigned inside, counter;

static void be_alone(void)
{
	check(UK_READ_ONCE(inside) == 0);
	UK_WRITE_ONCE(inside, 1);
	counter++;
	for (volatile int spin = 0; spin < 20; spin++)
		;
	UK_WRITE_ONCE(inside, 0);
}

static void enter(void *number UK_UNUSED)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 2) {
			bool irq = uk_spin_lock_irq(&lock);

			be_alone();
			uk_spin_unlock_irq(&lock, irq);
		} else {
			bool irq = uk_irq_save();

			if (uk_spin_try(&lock)) {
				be_alone();
				uk_spin_release(&lock);
			} else {
				i--;
			}
			uk_irq_restore(irq);
		}
		now_and_then(i);
	}
}

UK_TEST(ukspin, one_at_a_time)
{
	counter = 0;
	UK_EXPECT(in_threads(enter));
	UK_EXPECT_EQ(counter, (unsigned)THREADS * ROUNDS);
}

/* ---- readers and writers ---- */

static struct uk_rwspin rw;
static unsigned readers, most_readers;
static uint64_t left, right;

static void change(void)
{
	check(UK_READ_ONCE(readers) == 0 && left == right);
	left++;
	for (volatile int spin = 0; spin < 20; spin++)
		;
	right++;
}

static void look(void)
{
	unsigned n = uk_atomic_fetch_add(&readers, 1) + 1;

	if (n > UK_READ_ONCE(most_readers))
		UK_WRITE_ONCE(most_readers, n);
	for (volatile int spin = 0; spin < 50; spin++)
		check(UK_READ_ONCE(left) == UK_READ_ONCE(right));
	uk_atomic_fetch_add(&readers, -1u);
}

static void read_and_write(void *number)
{
	bool irq, irqs = (uintptr_t)number & 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 8 == (uintptr_t)number) {
			if (irqs) {
				irq = uk_rwspin_write_lock_irq(&rw);
				change();
				uk_rwspin_write_unlock_irq(&rw, irq);
			} else {
				uk_rwspin_write_lock(&rw);
				change();
				uk_rwspin_write_unlock(&rw);
			}
		} else if (irqs) {
			irq = uk_rwspin_read_lock_irq(&rw);
			look();
			uk_rwspin_read_unlock_irq(&rw, irq);
		} else {
			uk_rwspin_read_lock(&rw);
			look();
			uk_rwspin_read_unlock(&rw);
		}
		now_and_then(i);
	}
}

UK_TEST(ukspin_rw, writers_are_alone)
{
	left = right = 0;
	UK_EXPECT(in_threads(read_and_write));
	UK_EXPECT_EQ(left, (uint64_t)THREADS * ROUNDS / 8);
}

/* The protocol itself, which needs no second CPU. */
UK_TEST(ukspin_rw, readers_share_and_a_waiting_writer_is_next)
{
#ifdef CONFIG_SMP
	struct uk_rwspin l = { 0 };

	UK_EXPECT(uk_rwspin_read_try(&l) && uk_rwspin_read_try(&l));
	UK_EXPECT(!uk_rwspin_write_try(&l));
	l.state |= UK_RWSPIN_WAITING;
	UK_EXPECT(!uk_rwspin_read_try(&l));
	l.state -= 2;
	uk_rwspin_write_wait(&l); /* at once, and nobody waits any more */
	UK_EXPECT_EQ(l.state, UK_RWSPIN_WRITER);
	UK_EXPECT(!uk_rwspin_read_try(&l) && !uk_rwspin_write_try(&l));
#else
	UK_TEST_SKIP("with one CPU there is no lock");
#endif
}

/* ---- sequence ---- */

static struct uk_seqlock seq;
static unsigned retries;

static void read_or_change(void *number)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!number) {
			bool irq = uk_seq_write_lock(&seq);

			left++;
			for (volatile int spin = 0; spin < 20; spin++)
				;
			right++;
			uk_seq_write_unlock(&seq, irq);
		} else {
			uint64_t l, r;
			uint32_t n;

			for (;;) {
				n = uk_seq_read_begin(&seq.count);
				l = UK_READ_ONCE(left);
				r = UK_READ_ONCE(right);
				if (!uk_seq_read_retry(&seq.count, n))
					break;
				uk_atomic_add_relaxed(&retries, 1);
			}
			check(l == r);
		}
		now_and_then(i);
	}
}

UK_TEST(ukspin_seq, readers_see_whole_changes)
{
	left = right = 0;
	UK_EXPECT(in_threads(read_or_change));
	UK_EXPECT_EQ(left, (uint64_t)ROUNDS);
}

UK_TEST(ukspin_seq, a_change_meanwhile_is_noticed)
{
	uint32_t n = uk_seq_read_begin(&seq.count);

	UK_EXPECT(!uk_seq_read_retry(&seq.count, n));
	uk_seq_write_unlock(&seq, uk_seq_write_lock(&seq));
	UK_EXPECT(uk_seq_read_retry(&seq.count, n));
}

/* ---- deferred free ---- */

#define ALIVE 0x600d
#define DEAD  0xdead

struct object {
	struct uk_rcu_head rcu;
	uint32_t state;
	bool taken;
};

static struct object pool[2 * UK_RCU_BATCH], *published;
static unsigned freed;

static void kill(struct uk_rcu_head *head)
{
	struct object *o = UK_CONTAINER_OF(head, struct object, rcu);

	UK_WRITE_ONCE(o->state, DEAD);
	uk_atomic_store_release(&o->taken, false);
	uk_atomic_add_relaxed(&freed, 1);
}

static struct object *make(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(pool); i++)
		if (!uk_atomic_load_acquire(&pool[i].taken)) {
			pool[i].taken = true;
			UK_WRITE_ONCE(pool[i].state, ALIVE);
			return &pool[i];
		}
	return NULL;
}

static void use_or_replace(void *number)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!number) {
			struct object *o = make(), *old = published;

			check(o != NULL);
			if (!o)
				return;
			uk_rcu_set(&published, o);
			uk_rcu_free(&old->rcu, kill);
		} else {
			struct object *o;

			uk_rcu_read_lock();
			o = uk_rcu_get(&published);
			for (volatile int spin = 0; spin < 30; spin++)
				check(UK_READ_ONCE(o->state) == ALIVE);
			uk_rcu_read_unlock();
		}
		now_and_then(i);
	}
}

UK_TEST(ukspin_rcu, readers_keep_what_they_look_at)
{
	freed = 0;
	published = make();
	UK_EXPECT(in_threads(use_or_replace));
	UK_EXPECT_GT(freed, (unsigned)ROUNDS - UK_RCU_BATCH - 1);
	uk_rcu_barrier();
	UK_EXPECT_EQ(freed, (unsigned)ROUNDS);
	kill(&published->rcu);
}

#ifdef CONFIG_SMP
static unsigned in_section, leave;

static void stay(void *arg UK_UNUSED)
{
	uk_rcu_read_lock();
	uk_atomic_store_release(&in_section, 1);
	while (!uk_atomic_load_acquire(&leave))
		uk_smp_poll(0);
	uk_atomic_store_release(&in_section, 2);
	uk_rcu_read_unlock();
}

static void let_go(struct uk_timer *t UK_UNUSED)
{
	uk_atomic_store_release(&leave, 1);
}
#endif

UK_TEST(ukspin_rcu, sync_waits_for_a_reader)
{
#ifdef CONFIG_SMP
	struct uk_timer timer = UK_TIMER_INIT(let_go);
	struct uk_thread *t;

	if (uk_smp_cpus() < 2)
		UK_TEST_SKIP("one CPU runs");
	in_section = leave = 0;
	t = uk_thread_create(NULL, "reader", stay, NULL, NULL);
	UK_REQUIRE(t);
	while (!uk_atomic_load_acquire(&in_section))
		uk_smp_poll(0);
	uk_timer_start(&timer, uk_deadline(20 * UK_NSEC_PER_MS));
	uk_rcu_sync();
	UK_EXPECT_EQ(uk_atomic_load_relaxed(&in_section), 2u);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
#else
	UK_TEST_SKIP("with one CPU there is nobody to wait for");
#endif
}

#ifdef CONFIG_SMP
static unsigned beats, enough;

static void beat(void *arg UK_UNUSED)
{
	while (!uk_atomic_load_acquire(&enough))
		uk_atomic_add_relaxed(&beats, 1);
}

static bool goes_on(unsigned n, uk_nsec span)
{
	uk_nsec end = uk_deadline(span);

	while (uk_atomic_load_relaxed(&beats) == n)
		if (uk_clock_monotonic() >= end)
			return false;
	return true;
}

static void look_for_beats(void *still)
{
	*(bool *)still = !goes_on(uk_atomic_load_relaxed(&beats), 5 * UK_NSEC_PER_MS);
}
#endif

UK_TEST(ukspin_alone, others_stand_still)
{
#ifdef CONFIG_SMP
	struct uk_thread *t;

	if (uk_smp_cpus() < 2)
		UK_TEST_SKIP("one CPU runs");
	beats = enough = 0;
	t = uk_thread_create(NULL, "beat", beat, NULL, NULL);
	UK_REQUIRE(t);
	for (int i = 0; i < 20; i++) {
		bool still = false;

		UK_EXPECT(goes_on(uk_atomic_load_relaxed(&beats), 10 * UK_NSEC_PER_SEC));
		uk_smp_alone(look_for_beats, &still);
		UK_EXPECT(still);
	}
	uk_atomic_store_release(&enough, 1);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
#else
	UK_TEST_SKIP("with one CPU there are no others");
#endif
}
