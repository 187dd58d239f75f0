/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers and clocks, without a scheduler: the test idles until the interrupts have done their work.
 * Where a timer must not expire yet, interrupts are masked: the machine may be as slow as it likes.
 */
#include <uk/irq.h>
#include <uk/plat/cpu.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>

#define MANY 100

struct probe {
	struct uk_timer timer;
	uk_nsec fired_at;
	unsigned int order;
	unsigned int fired;
};

static unsigned int order;
static struct probe probes[MANY];

static void fire(struct uk_timer *t)
{
	struct probe *p = UK_CONTAINER_OF(t, struct probe, timer);

	p->fired_at = uk_clock_monotonic();
	p->order = order++;
	p->fired++;
}

static void probe_init(struct probe *p)
{
	*p = (struct probe){ .timer = UK_TIMER_INIT(fire) };
}

/* Until `deadline`, and on a slow machine until all timers have expired. */
static void idle_until(uk_nsec deadline)
{
	while (uk_clock_monotonic() < deadline || uk_timer_next() <= deadline) {
		uk_irq_disable();
		if (uk_timer_next() != UK_NSEC_MAX)
			uk_plat_idle();
		uk_irq_enable();
	}
}

/* Same numbers every time; the quality does not matter. */
static unsigned int scramble(unsigned int i)
{
	return i * 2654435761u >> 16;
}

UK_TEST(timer, clocks_advance)
{
	uk_nsec a = uk_clock_monotonic(), wa = uk_clock_wall();
	uk_nsec b = uk_clock_monotonic();

	UK_EXPECT_LE(a, b);
	idle_until(a); /* passed already */
	/* From `b` on, which was read after `wa`: time may pass between any two looks. */
	while (uk_clock_monotonic() < b + UK_NSEC_PER_MS)
		;
	UK_EXPECT_GE(uk_clock_wall(), wa + UK_NSEC_PER_MS / 2);
}

UK_TEST(timer, deadlines_saturate)
{
	UK_EXPECT_EQ(uk_deadline(UK_NSEC_MAX), UK_NSEC_MAX);
	UK_EXPECT_EQ(uk_deadline(UK_NSEC_MAX - 1), UK_NSEC_MAX);
	UK_EXPECT_EQ(uk_clock_from_wall(UK_NSEC_MAX), UK_NSEC_MAX);
	UK_EXPECT_LE(uk_clock_from_wall(0), uk_clock_monotonic()); /* long ago */
}

UK_TEST(timer, wall_clock_is_settable)
{
	uk_nsec old = uk_clock_wall(), set = old + 1000 * UK_NSEC_PER_SEC;
	uk_nsec mono, converted;

	uk_clock_wall_set(set);
	UK_EXPECT_GE(uk_clock_wall(), set);
	UK_EXPECT_LT(uk_clock_wall(), set + UK_NSEC_PER_SEC);
	mono = uk_clock_monotonic();
	converted = uk_clock_from_wall(set + 5 * UK_NSEC_PER_SEC);
	UK_EXPECT_GT(converted, mono + 4 * UK_NSEC_PER_SEC);
	UK_EXPECT_LE(converted, mono + 5 * UK_NSEC_PER_SEC);
	/* Back, also to before the platform's clock. */
	uk_clock_wall_set(old);
	UK_EXPECT_LT(uk_clock_wall(), set);
}

UK_TEST(timer, fires_once_and_not_early)
{
	struct probe p;
	uk_nsec deadline = uk_clock_monotonic() + UK_NSEC_PER_MS;

	probe_init(&p);
	uk_irq_disable();
	uk_timer_start(&p.timer, deadline);
	UK_EXPECT(uk_timer_pending(&p.timer));
	uk_irq_enable();
	idle_until(deadline + UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 1u);
	UK_EXPECT_GE(p.fired_at, deadline);
	UK_EXPECT(!uk_timer_pending(&p.timer));
	UK_EXPECT(!uk_timer_stop(&p.timer));
}

UK_TEST(timer, past_deadline_fires_at_once)
{
	struct probe p;

	probe_init(&p);
	uk_timer_start(&p.timer, 0);
	idle_until(uk_clock_monotonic() + UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 1u);
}

UK_TEST(timer, stopped_does_not_fire)
{
	struct probe p;

	probe_init(&p);
	uk_irq_disable();
	uk_timer_start(&p.timer, uk_clock_monotonic() + UK_NSEC_PER_MS);
	UK_EXPECT(uk_timer_stop(&p.timer));
	UK_EXPECT(!uk_timer_stop(&p.timer));
	uk_irq_enable();
	idle_until(uk_clock_monotonic() + 2 * UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 0u);
}

UK_TEST(timer, restart_moves_it)
{
	struct probe p;
	uk_nsec now = uk_clock_monotonic();

	probe_init(&p);
	uk_timer_start(&p.timer, now + 1000 * UK_NSEC_PER_SEC);
	uk_timer_start(&p.timer, now + UK_NSEC_PER_MS);
	idle_until(now + 2 * UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 1u);
	uk_irq_disable();
	uk_timer_start(&p.timer, uk_clock_monotonic() + UK_NSEC_PER_MS);
	uk_timer_start(&p.timer, UK_NSEC_MAX); /* never */
	uk_irq_enable();
	UK_EXPECT(!uk_timer_pending(&p.timer));
}

UK_TEST(timer, many_fire_in_order)
{
	uk_nsec base = uk_clock_monotonic() + 5 * UK_NSEC_PER_MS;
	unsigned int i, j;

	order = 0;
	uk_irq_disable();
	for (i = 0; i < MANY; i++) {
		probe_init(&probes[i]);
		uk_timer_start(&probes[i].timer, base + scramble(i) % 5000 * UK_NSEC_PER_US);
	}
	/* A third is stopped again, from all over the heap. */
	for (i = 0; i < MANY; i += 3)
		UK_EXPECT(uk_timer_stop(&probes[i].timer));
	uk_irq_enable();
	idle_until(base + 6 * UK_NSEC_PER_MS);
	for (i = 0; i < MANY; i++) {
		UK_EXPECT_EQ(probes[i].fired, (unsigned int)(i % 3 != 0));
		if (!probes[i].fired)
			continue;
		UK_EXPECT_GE(probes[i].fired_at, probes[i].timer.deadline);
		for (j = 0; j < i; j++)
			if (probes[j].fired && probes[j].timer.deadline < probes[i].timer.deadline)
				UK_EXPECT_LT(probes[j].order, probes[i].order);
	}
	UK_EXPECT_EQ(order, MANY - (MANY + 2u) / 3);
}

UK_TEST(timer, stop_between_expiries)
{
	uk_nsec base = uk_clock_monotonic() + UK_NSEC_PER_MS;
	unsigned int i, round, live = 0;

	/* Start and stop in changing order, so that nodes with children are removed as well. */
	for (i = 0; i < MANY; i++)
		probe_init(&probes[i]);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < MANY; i++) {
			struct probe *p = &probes[scramble(i + round * MANY) % MANY];

			if (uk_timer_pending(&p->timer))
				uk_timer_stop(&p->timer);
			else
				uk_timer_start(&p->timer, base + scramble(i) % 10000 * 1000ul);
		}
		idle_until(base + round * UK_NSEC_PER_MS / 4);
	}
	for (i = 0; i < MANY; i++)
		live += uk_timer_stop(&probes[i].timer);
	UK_EXPECT_LE(live, (unsigned int)MANY);
	for (i = 0; i < MANY; i++)
		UK_EXPECT(!uk_timer_pending(&probes[i].timer));
}

static void again(struct uk_timer *t)
{
	struct probe *p = UK_CONTAINER_OF(t, struct probe, timer);

	if (++p->fired < 5)
		uk_timer_start(t, t->deadline + 100 * UK_NSEC_PER_US);
}

UK_TEST(timer, function_may_restart_its_timer)
{
	struct probe p = { .timer = UK_TIMER_INIT(again) };
	uk_nsec now = uk_clock_monotonic();

	uk_timer_start(&p.timer, now + 100 * UK_NSEC_PER_US);
	idle_until(now + 2 * UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 5u);
}

UK_TEST(timer, masked_interrupts_hold_it_back)
{
	struct probe p;
	uk_nsec now = uk_clock_monotonic();
	bool irq;

	probe_init(&p);
	irq = uk_irq_save();
	uk_timer_start(&p.timer, now + 10 * UK_NSEC_PER_US);
	while (uk_clock_monotonic() < now + UK_NSEC_PER_MS)
		;
	UK_EXPECT_EQ(p.fired, 0u);
	uk_irq_restore(irq);
	idle_until(uk_clock_monotonic() + UK_NSEC_PER_MS);
	UK_EXPECT_EQ(p.fired, 1u);
}
