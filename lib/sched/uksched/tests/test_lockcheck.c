/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks of locks: each mistake is made, and has to be found and named with its places.
 */
#include <uk/config.h>
#ifdef CONFIG_LIBUKBASE_LOCK_CHECK
#include <uk/print.h>
#include <uk/sched.h>
#include <uk/spinlock.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/time.h>
#include <uk/timer.h>

static unsigned found[UK_LOCK_FAULTS];
static char said[1024];

static void note(enum uk_lock_fault what, const char *text)
{
	size_t n = UK_MIN(uk_strlen(text), sizeof(said) - 1);

	found[what]++;
	memcpy(said, text, n);
	said[n] = 0;
}

static void begin(void)
{
	memset(found, 0, sizeof(found));
	said[0] = 0;
	uk_lock_fault_hook = note;
}

/* Exactly `n` findings since begin(), all of this kind. */
static void end(enum uk_lock_fault what, unsigned n)
{
	uk_lock_fault_hook = NULL;
	for (unsigned i = 0; i < UK_LOCK_FAULTS; i++)
		if (!UK_EXPECT_EQ(found[i], i == what ? n : 0))
			uk_pr_err("%s", said);
}

/* Is this line of this file among the places? */
static bool names(int line)
{
	char at[32];
	size_t n = (size_t)uk_snprintf(at, sizeof(at), "test_lockcheck.c:%d ", line);

	for (const char *p = said; *p; p++)
		if (!uk_strncmp(p, at, n))
			return true;
	return false;
}

static struct uk_spinlock a, b, c, d, e, f, g;

UK_TEST(lockcheck, two_orders)
{
	int line[4];

	begin();
	for (int i = 0; i < 2; i++) {
		line[0] = __LINE__ + 1;
		uk_spin_lock(&a);
		line[1] = __LINE__ + 1;
		uk_spin_lock(&b);
		uk_spin_unlock(&b);
		uk_spin_unlock(&a);
	}
	UK_EXPECT_EQ(found[UK_LOCK_ORDER], 0u);
	for (int i = 0; i < 2; i++) {
		line[2] = __LINE__ + 1;
		uk_spin_lock(&b);
		line[3] = __LINE__ + 1;
		uk_spin_lock(&a);
		uk_spin_unlock(&a);
		uk_spin_unlock(&b);
	}
	end(UK_LOCK_ORDER, 1); /* said once */
	for (int i = 0; i < 4; i++)
		UK_EXPECT(names(line[i]));
}

UK_TEST(lockcheck, a_cycle_of_three)
{
	begin();
	uk_spin_lock(&c);
	uk_spin_lock(&d);
	uk_spin_unlock(&d);
	uk_spin_unlock(&c);
	uk_spin_lock(&d);
	uk_spin_lock(&e);
	uk_spin_unlock(&d); /* not in the order of nesting */
	uk_spin_unlock(&e);
	UK_EXPECT_EQ(found[UK_LOCK_ORDER], 0u);
	uk_spin_lock(&e);
	uk_spin_lock(&c);
	uk_spin_unlock(&c);
	uk_spin_unlock(&e);
	end(UK_LOCK_ORDER, 1);
}

UK_TEST(lockcheck, who_only_tries_cannot_hang)
{
	begin();
	uk_spin_lock(&f);
	uk_spin_lock(&g);
	uk_spin_unlock(&g);
	uk_spin_unlock(&f);
	uk_spin_lock(&g);
	UK_EXPECT(uk_spin_try(&f));
	uk_spin_release(&f);
	uk_spin_unlock(&g);
	end(UK_LOCK_ORDER, 0);
}

UK_TEST(lockcheck, two_of_a_class)
{
	static struct uk_spinlock pair[2];

	uk_lock_name(&pair[0], "pair");
	uk_lock_name(&pair[1], "pair");
	begin();
	uk_spin_lock(&pair[0]);
	uk_spin_lock(&pair[1]);
	uk_spin_unlock(&pair[1]);
	uk_spin_unlock(&pair[0]);
	UK_EXPECT_EQ(found[UK_LOCK_SAME], 0u);
	uk_spin_lock(&pair[1]);
	uk_spin_lock(&pair[0]);
	uk_spin_unlock(&pair[0]);
	uk_spin_unlock(&pair[1]);
	end(UK_LOCK_SAME, 1);
}

UK_TEST(lockcheck, taken_twice)
{
	static struct uk_spinlock l;
	int line = __LINE__ + 4;

	begin();
	uk_preempt_disable();
	uk_spin_acquire(&l);
	uk_lock_ask(&l.lock_class, &l, UK_LOCK_SITE("&l")); /* what comes next would hang */
	uk_spin_release(&l);
	uk_preempt_enable();
	end(UK_LOCK_TWICE, 1);
	UK_EXPECT(names(line));
	UK_EXPECT(names(line + 1));
}

UK_TEST(lockcheck, released_but_not_held)
{
	static struct uk_spinlock l;

	begin();
	uk_spin_lock(&l);
	uk_spin_unlock(&l);
	UK_LOCK_GONE(&l); /* a release that breaks nothing */
	end(UK_LOCK_NOT_HELD, 1);
}

UK_TEST(lockcheck, taken_with_preemption_on)
{
	static struct uk_spinlock l;

	begin();
	uk_spin_acquire(&l);
	uk_spin_release(&l);
	end(UK_LOCK_PREEMPT, 1);
}

static struct uk_spinlock shared;
static volatile bool fired;

static void handler(struct uk_timer *t UK_UNUSED)
{
	bool irq = uk_spin_lock_irq(&shared);

	uk_spin_unlock_irq(&shared, irq);
	fired = true;
}

static void run_handler(void)
{
	struct uk_timer timer = UK_TIMER_INIT(handler);

	fired = false;
	uk_timer_start(&timer, uk_deadline(UK_NSEC_PER_MS));
	while (!fired)
		uk_sleep(UK_NSEC_PER_MS);
}

UK_TEST(lockcheck, a_handler_takes_what_is_held_with_interrupts_open)
{
	bool irq;

	begin();
	irq = uk_spin_lock_irq(&shared);
	uk_spin_unlock_irq(&shared, irq);
	run_handler();
	UK_EXPECT_EQ(found[UK_LOCK_IRQ], 0u);
	uk_spin_lock(&shared);
	uk_spin_unlock(&shared);
	end(UK_LOCK_IRQ, 1);
	UK_EXPECT(names(__LINE__ - 3));
}

UK_TEST(lockcheck, blocks_in_a_section)
{
	static struct uk_spinlock l;
	bool irq;

	begin();
	uk_thread_wake(uk_thread_current()); /* so the block ends at once */
	irq = uk_spin_lock_irq(&l);
	uk_thread_block(UK_NSEC_MAX, false);
	uk_spin_unlock_irq(&l, irq);
	end(UK_LOCK_SLEEP, 1);
	UK_EXPECT(names(__LINE__ - 4));
}
#endif
