/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stress: what threads on several CPUs do to each other at once. Nothing here depends on an order; a
 * wake-up that is lost shows as a test that does not end. With one CPU they are short tests of the same.
 */
#include <uk/arch/relax.h>
#include <uk/cputimer.h>
#include <uk/errno.h>
#include <uk/preempt.h>
#include <uk/sched.h>
#include <uk/string.h>
#include <uk/sched_ops.h>
#include <uk/spinlock.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>
#include <uk/waitq.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#define THREADS 8

static struct uk_thread *threads[THREADS];
static unsigned int rounds;
static bool stop;

/* The same numbers in every run, for each thread its own. */
static unsigned int dice(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* A set of one CPU or of some, or all of them. */
static void move(struct uk_thread *t UK_UNUSED, unsigned int r UK_UNUSED)
{
#ifdef CONFIG_SMP
	struct uk_cpuset set = { { r / 4 % 256 } };

	if (r % 4 == 0)
		uk_cpuset_fill(&set);
	uk_thread_set_cpus(t, &set); /* refuses a set without any that runs */
#endif
}

static bool start(unsigned int n, void (*fn)(void *))
{
	for (unsigned int i = 0; i < n; i++) {
		threads[i] = uk_thread_create(NULL, "stress", fn, (void *)(uintptr_t)i, NULL);
		if (!UK_EXPECT(threads[i]))
			return false;
	}
	return true;
}

static void join(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		UK_EXPECT_EQ(uk_thread_join(threads[i], UK_NSEC_MAX), 0);
}

/* ---- spin locks -------------------------------------------------------------------------------- */

static struct uk_spinlock plain, with_irqs;
static unsigned int by_plain, by_irqs, by_timer;

static void add_in_interrupt(struct uk_timer *t UK_UNUSED)
{
	bool irq = uk_spin_lock_irq(&with_irqs);

	by_irqs++;
	by_timer++;
	uk_spin_unlock_irq(&with_irqs, irq);
}

static void add(void *arg)
{
	struct uk_timer timer = UK_TIMER_INIT(add_in_interrupt);
	unsigned int state = (unsigned int)(uintptr_t)arg;
	bool irq;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		if (r % 16 == 0)
			uk_timer_start(&timer, uk_deadline(r % 4096));
		uk_spin_lock(&plain);
		by_plain++;
		uk_spin_unlock(&plain);
		irq = uk_spin_lock_irq(&with_irqs);
		by_irqs++;
		uk_spin_unlock_irq(&with_irqs, irq);
		if (r % 128 == 1)
			move(uk_thread_current(), r / 128);
		if (r % 64 == 2)
			uk_sched_yield();
	}
	uk_timer_stop(&timer);
}

UK_TEST(sched_stress, spin_locks_exclude)
{
	rounds = uk_test_rounds(2000);
	by_plain = by_irqs = by_timer = 0;
	if (start(THREADS, add))
		join(THREADS);
	UK_EXPECT_EQ(by_plain, THREADS * rounds);
	UK_EXPECT_EQ(by_irqs, THREADS * rounds + by_timer);
}

/* ---- block and wake ------------------------------------------------------------------------------ */

static unsigned int passed[THREADS];

/* A ball for every two threads, which they hand to each other: no deadline, so none may be lost. */
static void hand_over(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg, other = me ^ 1, state = me;

	while (!UK_READ_ONCE(threads[other]))
		uk_sched_yield();
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		while (__atomic_load_n(&passed[me], __ATOMIC_ACQUIRE) == i)
			uk_thread_block(r % 4 ? UK_NSEC_MAX : uk_deadline(r % 65536), false);
		__atomic_add_fetch(&passed[other], 1, __ATOMIC_RELEASE);
		uk_thread_wake(threads[other]);
		if (r % 128 == 1)
			move(uk_thread_current(), r / 128);
	}
}

UK_TEST(sched_stress, no_wakeup_is_lost)
{
	rounds = uk_test_rounds(1000);
	memset(threads, 0, sizeof(threads));
	for (unsigned int i = 0; i < THREADS; i++)
		passed[i] = i & 1;
	if (start(THREADS, hand_over))
		join(THREADS);
	for (unsigned int i = 0; i < THREADS; i++)
		UK_EXPECT_EQ(passed[i], rounds + (i & 1));
}

/* ---- wait queues, whose waiters' places are gone when they have been woken ------------------------- */

static struct uk_waitq wq;
static unsigned int balls;

static bool take_ball(void)
{
	unsigned int n = UK_READ_ONCE(balls);

	while (n && !__atomic_compare_exchange_n(&balls, &n, n - 1, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
		;
	return n;
}

static UK_NOINLINE void scribble(void)
{
	volatile char trash[256];

	for (unsigned int i = 0; i < sizeof(trash); i++)
		trash[i] = (char)0xff;
}

static void throw_and_catch(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		UK_EXPECT_EQ(UK_WAIT(&wq, take_ball(), UK_NSEC_MAX), 0);
		scribble(); /* where the place in the queue was */
		__atomic_add_fetch(&balls, 1, __ATOMIC_RELEASE);
		if (r % 8)
			uk_waitq_wake_one(&wq);
		else
			uk_waitq_wake_all(&wq);
		if (r % 128 == 1)
			move(uk_thread_current(), r / 128);
	}
}

UK_TEST(sched_stress, wait_queue_loses_nobody)
{
	rounds = uk_test_rounds(500);
	balls = 3;
	if (start(THREADS, throw_and_catch))
		join(THREADS);
	UK_EXPECT_EQ(balls, 3u);
	UK_EXPECT(uk_waitq_empty(&wq));
}

/* ---- timers, stopped on another CPU than they were started ---------------------------------------- */

struct stopped_timer {
	struct uk_timer timer;
	bool stopped;
	unsigned int late, again;
};

static void must_run(struct uk_timer *t)
{
	struct stopped_timer *s = UK_CONTAINER_OF(t, struct stopped_timer, timer);

	for (unsigned int i = 0; i < 100; i++)
		s->late += UK_READ_ONCE(s->stopped);
	if (s->again) {
		s->again--;
		uk_timer_start(t, uk_deadline(s->again % 2 *
					      1000)); /* now and then it is due at once */
	}
}

static void start_and_stop(void *arg)
{
	struct stopped_timer s = { .timer = UK_TIMER_INIT(must_run) };
	unsigned int state = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		s.again = r % 64 ? r % 4 : 200;
		uk_timer_start(&s.timer, uk_deadline(r / 4 % 32768));
		move(uk_thread_current(), dice(&state));
		if (r % 8 == 0)
			uk_sleep(r % 32768);
		uk_timer_stop(&s.timer);
		UK_WRITE_ONCE(s.stopped, true);
		if (r % 16 == 0)
			uk_sched_yield();
		if (r % 64 == 0)
			uk_arch_linger(100);
		UK_EXPECT(!uk_timer_pending(&s.timer));
		UK_WRITE_ONCE(s.stopped, false);
	}
	UK_EXPECT_EQ(s.late, 0u);
}

UK_TEST(sched_stress, stopped_timers_do_not_run)
{
	rounds = uk_test_rounds(300);
	if (start(THREADS, start_and_stop))
		join(THREADS);
}

/* ---- threads that come and go ---------------------------------------------------------------------- */

static unsigned int lived, released;

static void live(void *arg)
{
	unsigned int r = (unsigned int)(uintptr_t)arg;

	if (r % 3 == 0)
		uk_sched_yield();
	if (r % 7 == 0)
		uk_sleep(r % 65536);
	if (r % 5 == 0)
		move(uk_thread_current(), r);
	__atomic_add_fetch(&lived, 1, __ATOMIC_RELAXED);
}

static void on_release(struct uk_thread *t UK_UNUSED)
{
	__atomic_add_fetch(&released, 1, __ATOMIC_RELAXED);
}

static void bear(void *arg)
{
	unsigned int state = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);
		struct uk_thread_attr attr = { .release = on_release };
		struct uk_thread *t;

		if (r % 4 == 0)
			attr.flags = UK_THREAD_DETACHED;
		else if (r % 4 == 1)
			attr.flags = UK_THREAD_SUSPENDED;
		t = uk_thread_create(NULL, "child", live, (void *)(uintptr_t)dice(&state), &attr);
		if (!UK_EXPECT(t))
			return;
		if (r % 4 == 0) /* it may be gone */
			continue;
		if (r / 4 % 4 == 0)
			move(t, dice(&state));
		if (r % 4 == 1)
			uk_thread_wake(t);
		if (r / 16 % 4 == 0)
			uk_sleep(r % 32768);
		if (r % 4 == 2) {
			UK_EXPECT_EQ(uk_thread_detach(t), 0);
			continue;
		}
		if (r % 8 == 3 && !uk_thread_join(t, uk_deadline(r % 16384)))
			continue;
		UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	}
}

UK_TEST(sched_stress, threads_come_and_go)
{
	unsigned int before = uk_sched_thread_count(), n;

	rounds = uk_test_rounds(100);
	lived = released = 0;
	if (start(THREADS, bear))
		join(THREADS);
	for (n = 0; n < 10000 && UK_READ_ONCE(lived) < THREADS * rounds; n++)
		uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_EQ(lived, THREADS * rounds);
	for (n = 0; n < 1000 && uk_sched_thread_count() > before + UK_CPUS; n++)
		uk_sleep(UK_NSEC_PER_MS);
	UK_EXPECT_LE(uk_sched_thread_count(), before + UK_CPUS);
	UK_EXPECT_GE(released + UK_CPUS, THREADS * rounds);
}

/* ---- everything that one thread can do to another, which computes, sleeps, blocks ------------------- */

static unsigned int done[THREADS];

static void suffer(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg, state = me;

	while (!UK_READ_ONCE(stop)) {
		unsigned int r = dice(&state);

		switch (r % 4) {
		case 0:
			for (unsigned int i = 0; i < r / 4 % 1024; i++)
				UK_BARRIER();
			break;
		case 1:
			uk_sched_yield();
			break;
		case 2:
			uk_sleep(r / 4 % 16384); /* interrupted now and then */
			break;
		case 3:
			uk_thread_block(uk_deadline(r / 4 % 65536), r % 8 == 3);
			break;
		}
		uk_thread_interrupt_clear(uk_thread_current());
		UK_WRITE_ONCE(done[me], done[me] + 1);
	}
}

UK_TEST(sched_stress, affinity_priority_interrupts)
{
	struct uk_sched *s = uk_thread_current()->sched;
	bool priorities = !uk_sched_check_policy(s, UK_THREAD_RR, 1);
	uk_nsec end = uk_deadline(30 * UK_NSEC_PER_SEC);
	unsigned int state = 1;

	stop = false;
	memset(done, 0, sizeof(done));
	if (!start(THREADS, suffer))
		return;
	rounds = uk_test_rounds(1000);
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);
		struct uk_thread *t = threads[r % THREADS];

		switch (r / THREADS % 8) {
		case 0:
		case 1:
		case 2:
			move(t, dice(&state));
			break;
		case 3:
			uk_thread_interrupt(t);
			break;
		case 4:
			uk_thread_wake(t);
			break;
		case 5:
			if (priorities)
				uk_thread_set_policy(t, UK_THREAD_RR, 1 + r / 64 % 99);
			break;
		case 6:
			uk_thread_set_policy(t, UK_THREAD_OTHER, 0);
			break;
		case 7:
			uk_sleep(r % 32768);
			break;
		}
	}
	for (unsigned int i = 0; i < THREADS; i++)
		uk_thread_set_policy(threads[i], UK_THREAD_OTHER, 0);
	/* All get on; those of a CPU that the host holds up may only have to begin. */
	for (unsigned int i = 0; i < THREADS; i++)
		while (!UK_READ_ONCE(done[i]) && uk_clock_monotonic() < end)
			uk_sleep(UK_NSEC_PER_MS);
	stop = true;
	join(THREADS);
	for (unsigned int i = 0; i < THREADS; i++)
		UK_EXPECT_GT(done[i], 0u);
}

/* ---- this CPU's own data, while its threads are moved about ------------------------------------------ */

static unsigned int strange[THREADS];

static void look(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;

	while (!UK_READ_ONCE(threads[me]))
		uk_sched_yield();
	while (!UK_READ_ONCE(stop)) {
		for (unsigned int i = 0; i < 1000; i++) {
			unsigned int off;

			strange[me] += uk_thread_current() != threads[me];
			uk_preempt_disable();
			off = uk_percpu()->preempt_off;
			uk_preempt_enable();
			strange[me] += off != 1;
		}
		UK_WRITE_ONCE(done[me], done[me] + 1);
		uk_sched_yield();
	}
}

/* What a thread reads and writes by uk_this_cpu_...() is the CPU's that it runs on, wherever an interrupt takes it to another one. */
UK_TEST(sched_stress, own_data_wherever_it_runs)
{
	unsigned int state = 1, sum = 0;

	stop = false;
	memset(threads, 0, sizeof(threads));
	memset(done, 0, sizeof(done));
	memset(strange, 0, sizeof(strange));
	if (!start(THREADS, look))
		return;
	rounds = uk_test_rounds(500);
	for (unsigned int i = 0; i < rounds; i++) {
		move(threads[i % THREADS], dice(&state));
		uk_sleep(dice(&state) % 65536);
	}
	stop = true;
	join(THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		sum += done[i];
		UK_EXPECT_EQ(strange[i], 0u);
	}
	UK_EXPECT_GT(sum, 0u);
}

/* ---- timers on CPU time, while what they count moves about ------------------------------------------ */

struct cpu_alarm {
	struct uk_cputimer timer;
	unsigned int rings;
	bool early;
};

static void ring(struct uk_cputimer *c)
{
	struct cpu_alarm *a = UK_CONTAINER_OF(c, struct cpu_alarm, timer);

	if (!c->thread && uk_cputime(NULL) < c->expiry)
		a->early = true;
	UK_WRITE_ONCE(a->rings, a->rings + 1);
	/* From now, not from then: a machine that cannot keep up would do nothing else. */
	uk_cputimer_start(c, uk_cputime(c->thread) + 2 * UK_NSEC_PER_MS);
}

static void count_and_move(void *arg)
{
	struct cpu_alarm all = { .timer.fn = ring }, mine = { .timer.fn = ring };
	unsigned int state = (unsigned int)(uintptr_t)arg;

#ifdef CONFIG_LIBUKSCHED_CPUTIME
	mine.timer.thread = uk_thread_current();
#endif
	for (unsigned int i = 0; i < rounds; i++) {
		unsigned int r = dice(&state);

		if (r % 4 == 0)
			uk_cputimer_start(&all.timer, uk_cputime(NULL) + r % 65536);
		if (r % 4 == 1)
			uk_cputimer_start(&mine.timer, uk_cputime(mine.timer.thread) + r % 65536);
		if (r % 4 == 2)
			uk_sleep(r % 65536);
		if (r % 4 == 3)
			move(uk_thread_current(), dice(&state));
	}
	uk_cputimer_start(&all.timer, UK_NSEC_MAX);
	uk_cputimer_start(&mine.timer, UK_NSEC_MAX);
	UK_EXPECT(!all.timer.started && !mine.timer.started);
	UK_EXPECT(!uk_timer_pending(&all.timer.timer) && !uk_timer_pending(&mine.timer.timer));
	UK_EXPECT(!all.early && !mine.early);
}

UK_TEST(sched_stress, timers_on_cpu_time)
{
	rounds = uk_test_rounds(40);
	if (start(THREADS, count_and_move))
		join(THREADS);
}
