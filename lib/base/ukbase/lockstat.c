/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statistics of locks: which one do CPUs wait for?
 *
 * Times are counted in cycles, because asking a clock takes locks; the rate is found when they are
 * printed, from both at two points of time.
 */
#include <uk/arch/cycles.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/clock.h>
#include <uk/plat/console.h>
#include <uk/print.h>

#include "lock_priv.h"

UK_PARAM_BOOL(lock, stat, false,
	      "print at exit how often and how long locks were held and waited for");

static uint64_t cycles_at_start;
static uk_nsec time_at_start;

static void add(uint64_t *p, uint64_t n)
{
	__atomic_fetch_add(p, n, __ATOMIC_RELAXED);
}

static void grow(uint64_t *p, uint64_t to)
{
	uint64_t is = __atomic_load_n(p, __ATOMIC_RELAXED);

	while (is < to &&
	       !__atomic_compare_exchange_n(p, &is, to, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void lock_stat_got(struct uk_lock_class *c, uint64_t waited)
{
	add(&c->stat.held, 1);
	if (waited) {
		add(&c->stat.contended, 1);
		add(&c->stat.wait, waited);
		grow(&c->stat.wait_max, waited);
	}
}

void lock_stat_gone(struct uk_lock_class *c, uint64_t held)
{
	add(&c->stat.hold, held);
	grow(&c->stat.hold_max, held);
}

/* Nanoseconds per cycle, 32.32 fixed point. */
static uint64_t rate(void)
{
	uint64_t cycles = uk_arch_cycles() - cycles_at_start;
	uk_nsec ns = uk_plat_clock_monotonic() - time_at_start;

	while (ns >> 32) { /* a few seconds are exact enough */
		ns >>= 1;
		cycles >>= 1;
	}
	return cycles ? (ns << 32) / cycles : 0;
}

static uint64_t scaled(uint64_t cycles, uint64_t rate)
{
	return (uint64_t)((unsigned __int128)cycles * rate >> 32);
}

static void get(const struct uk_lock_class *c, struct uk_lock_stat *st, uint64_t r)
{
	*st = c->stat;
	st->wait = scaled(st->wait, r);
	st->wait_max = scaled(st->wait_max, r);
	st->hold = scaled(st->hold, r);
	st->hold_max = scaled(st->hold_max, r);
}

void uk_lockstat_get(const struct uk_lock_class *c, struct uk_lock_stat *st)
{
	get(c, st, rate());
}

static UK_PRINTF(1, 2) void line(const char *fmt, ...)
{
	char buf[200];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = (size_t)uk_vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	n = UK_MIN(n, sizeof(buf) - 2);
	buf[n++] = '\n';
	uk_plat_console_write(UK_CON_LOG, buf, n);
}

/* Of those that were not printed yet, the one that was waited for longest; then the one held longest. */
static struct uk_lock_class *worst(const uint64_t *printed)
{
	struct uk_lock_class *best = NULL;

	for (uint32_t i = 0; i < lock_nclasses; i++) {
		struct uk_lock_class *c = &lock_classes[i];

		if ((printed[i / 64] >> i % 64 & 1) || !c->stat.held || !c->first)
			continue;
		if (!best || c->stat.wait > best->stat.wait ||
		    (c->stat.wait == best->stat.wait && c->stat.hold > best->stat.hold))
			best = c;
	}
	return best;
}

void uk_lockstat_print(void)
{
	uint64_t printed[LOCK_CLASSES / 64] = { 0 }, r = rate();
	struct uk_lock_class *c;

	line("[whittle] locks, times in ns:");
	line("%10s %10s %12s %10s %12s %10s  lock", "held", "contended", "waited", "longest",
	     "held for", "longest");
	while ((c = worst(printed))) {
		struct uk_lock_stat s;

		get(c, &s, r);
		line("%10lu %10lu %12lu %10lu %12lu %10lu  %s: %s (%s:%d)", s.held, s.contended,
		     s.wait, s.wait_max, s.hold, s.hold_max, c->lib, c->name, c->first->file,
		     c->first->line);
		printed[lock_number(c) / 64] |= 1UL << lock_number(c) % 64;
	}
}

void uk_lockstat_reset(void)
{
	for (uint32_t i = 0; i < lock_nclasses; i++)
		lock_classes[i].stat = (struct uk_lock_stat){ 0 };
}

static int start(void)
{
	cycles_at_start = uk_arch_cycles();
	time_at_start = uk_plat_clock_monotonic();
	return 0;
}

static void stop(void)
{
	if (uk_param_lock_stat.b)
		uk_lockstat_print();
}
UK_INIT(UK_INIT_SCHED, "9", start, stop);
