/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers on CPU time: they count what runs, and nothing is armed while that does not. */
#include <uk/cputimer.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/time.h>

#define MS UK_NSEC_PER_MS

struct probe {
	struct uk_cputimer timer;
	volatile unsigned int fired;
	uk_nsec fired_at; /* on its clock */
};

static void fired(struct uk_cputimer *c)
{
	struct probe *p = UK_CONTAINER_OF(c, struct probe, timer);

	p->fired_at = uk_cputime(c->thread);
	p->fired++;
}

static void spin(uk_nsec span)
{
	uk_nsec end = uk_clock_monotonic() + span;

	while (uk_clock_monotonic() < end)
		;
}

static struct probe *watched;
static struct uk_thread *idler;
static volatile bool armed;

static void look(struct uk_timer *t UK_UNUSED)
{
	armed = uk_timer_pending(&watched->timer.timer);
	uk_thread_wake(idler);
}

UK_TEST(cputimer, of_all_stands_while_idle)
{
	struct uk_timer wall = UK_TIMER_INIT(look);
	struct probe p = { .timer.fn = fired };
	uk_nsec start = uk_cputime(NULL);

	watched = &p;
	armed = true;
	uk_cputimer_start(&p.timer, start + 60 * MS);
	UK_EXPECT(uk_timer_pending(&p.timer.timer));
	idler = uk_thread_current();
	/* With interrupts masked it can look in idle only, however slow the machine. */
	uk_irq_disable();
	uk_timer_start(&wall, uk_deadline(MS));
	uk_thread_block(UK_NSEC_MAX, false);
	uk_irq_enable();
#ifndef CONFIG_SMP         /* where another CPU may go idle last, and leaves one look to this one */
	UK_EXPECT(!armed); /* nothing would have woken the CPU but us */
	UK_EXPECT(uk_timer_pending(&p.timer.timer) || p.fired); /* a busy host takes its time */
#endif
	while (!p.fired)
		UK_REQUIRE(uk_cputime(NULL) < start + 10 * UK_NSEC_PER_SEC);
	UK_EXPECT_GE(p.fired_at, start + 60 * MS);
	spin(MS);
	UK_EXPECT_EQ(p.fired, 1u);
}

UK_TEST(cputimer, moved_and_stopped)
{
	struct probe a = { .timer.fn = fired }, b = { .timer.fn = fired },
		     c = { .timer.fn = fired };

	/* Far enough away that a busy machine does not get there before they are stopped. */
	uk_nsec soon = uk_cputime(NULL) + 200 * MS;

	uk_cputimer_start(&a.timer, UK_NSEC_MAX); /* a stop of what was not started */
	uk_cputimer_start(&a.timer, soon);
	uk_cputimer_start(&b.timer, soon);
	uk_cputimer_start(&c.timer, 1); /* long ago */
	uk_cputimer_start(&a.timer, UK_NSEC_MAX - 1);
	uk_cputimer_start(&b.timer, UK_NSEC_MAX);
	while (uk_cputime(NULL) < soon + MS)
		;
	UK_EXPECT_EQ(a.fired + b.fired, 0u);
	UK_EXPECT_EQ(c.fired, 1u);
	UK_EXPECT(!b.timer.started);
	uk_cputimer_start(&a.timer, UK_NSEC_MAX);
	UK_EXPECT(!a.timer.started);
}

#ifdef CONFIG_LIBUKSCHED_CPUTIME
static volatile bool stop;

static void burn(void *arg UK_UNUSED)
{
	while (!stop) {
		spin(MS);
		uk_sched_yield();
	}
}

UK_TEST(cputimer, of_a_thread_runs_with_it)
{
	struct probe mine = { .timer = { .fn = fired, .thread = uk_thread_current() } };
	struct probe other = { .timer.fn = fired };
	uk_nsec start = uk_cputime(mine.timer.thread);
	struct uk_thread *t;

	uk_test_one_cpu();
	stop = false;
	UK_REQUIRE(t = uk_thread_create(NULL, "burn", burn, NULL, NULL));
	other.timer.thread = t;
	uk_cputimer_start(&mine.timer, start + 40 * MS);
	uk_cputimer_start(&other.timer, uk_cputime(t) + 20 * MS);
	UK_EXPECT(!uk_timer_pending(&other.timer.timer));
	/* The other uses the CPU while this one sleeps. */
	while (!other.fired) {
		uk_sleep(5 * MS);
		UK_REQUIRE(uk_cputime(t) < 10 * UK_NSEC_PER_SEC);
	}
	UK_EXPECT_GE(other.fired_at, 20 * MS);
	stop = true;
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	while (!mine.fired)
		UK_REQUIRE(uk_cputime(mine.timer.thread) < start + 10 * UK_NSEC_PER_SEC);
	UK_EXPECT_GE(mine.fired_at, start + 40 * MS);
	UK_EXPECT_EQ(other.fired, 1u);
}

UK_TEST(cputimer, ends_with_its_thread)
{
	struct probe p = { .timer.fn = fired };
	struct uk_thread *t;

	stop = true;
	UK_REQUIRE(t = uk_thread_create(NULL, "burn", burn, NULL, NULL));
	p.timer.thread = t;
	uk_cputimer_start(&p.timer, UK_NSEC_PER_SEC);
	UK_EXPECT(p.timer.started);
	UK_EXPECT_EQ(uk_thread_join(t, UK_NSEC_MAX), 0);
	UK_EXPECT(!p.timer.started);
	uk_cputimer_start(&p.timer, UK_NSEC_MAX);
	UK_EXPECT_EQ(p.fired, 0u);
}
#endif
