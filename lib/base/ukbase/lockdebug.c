/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classes of locks, and which locks each CPU holds: the ground for checks and statistics.
 *
 * Interrupts are masked while a CPU's list changes, since handlers take locks as well. What a
 * report itself takes (the log, the console) is left out of it. And what boot takes before the image is
 * at its final address: pointers to classes and places from then would be wrong later.
 */
#include <uk/arch/cycles.h>
#include <uk/init.h>
#include <uk/linked.h>
#include <uk/print.h>
#include <uk/string.h>

#include "lock_priv.h"

struct lock_cpu lock_cpus[UK_CPUS];
struct uk_lock_class lock_classes[LOCK_CLASSES];
uint32_t lock_nclasses;
static uint32_t making;
/* Before, there may be no per-CPU data: not even the flag that masks interrupts. */
static bool on;

static int start(void)
{
	on = true;
	return 0;
}
UK_INIT(UK_INIT_EARLY, "0", start, NULL);

/* What a lock of no class points to, because there are too many. */
static struct uk_lock_class none;

/* "&s->lock": "lock". */
static const char *member(const char *what)
{
	const char *name = what;

	for (; *what; what++)
		if (*what == '.' || *what == '>' || *what == '&' || *what == '(')
			name = what + 1;
	return name;
}

static struct uk_lock_class *find(const void *lock, const char *lib, const char *name)
{
	for (uint32_t i = 0; i < lock_nclasses; i++) {
		struct uk_lock_class *c = &lock_classes[i];

		if (lock ? c->lock == lock
			 : !c->lock && !uk_strcmp(c->lib, lib) && !uk_strcmp(c->name, name))
			return c;
	}
	return NULL;
}

static void set_class(struct uk_lock_class **slot, const void *lock, const char *lib,
		      const char *name, const struct uk_lock_site *site)
{
	struct uk_lock_class *c;
	bool irq = uk_irq_save();

	lock_raw_acquire(&making);
	c = find(lock, lib, name);
	if (!c && lock_nclasses < LOCK_CLASSES) {
		c = &lock_classes[lock_nclasses];
		c->lock = lock;
		c->lib = lib;
		c->name = name;
		c->first = site;
		__atomic_store_n(&lock_nclasses, lock_nclasses + 1, __ATOMIC_RELEASE);
	}
	if (c && !c->first)
		c->first = site;
	*slot = c ? c : &none;
	lock_raw_release(&making);
	uk_irq_restore(irq);
}

static struct uk_lock_class *class_of(struct uk_lock_class **slot, const void *lock,
				      const struct uk_lock_site *site)
{
	const char *at = lock;

	if (UK_LIKELY(*slot)) {
		if (UK_UNLIKELY(!(*slot)->first))
			(*slot)->first = site;
	} else if (site->kind) {
		set_class(slot, NULL, site->lib, site->kind, site);
	} else if (at >= uk_image_start && at < uk_image_end) {
		set_class(slot, lock, site->lib, site->what, site);
	} else {
		set_class(slot, NULL, site->lib, member(site->what), site);
	}
	return *slot == &none ? NULL : *slot;
}

void uk_lock_set_name(struct uk_lock_class **c, const char *lib, const char *name)
{
	if (on && !*c)
		set_class(c, NULL, lib, name, NULL);
}

uint64_t uk_lock_clock(void)
{
#ifdef CONFIG_LIBUKBASE_LOCK_STAT
	return uk_arch_cycles();
#else
	return 0;
#endif
}

void uk_lock_ask(struct uk_lock_class **slot, const void *lock, const struct uk_lock_site *site)
{
	struct lock_cpu *cpu;
	struct uk_lock_class *c;
	bool irq;

	if (!on)
		return;
	irq = uk_irq_save();
	cpu = lock_cpu();
	if (!cpu->busy && cpu->n) {
		c = class_of(slot, lock, site);
		if (c)
			lock_check_order(cpu, c, lock, site);
	}
	uk_irq_restore(irq);
}

void uk_lock_got(struct uk_lock_class **slot, const void *lock, const struct uk_lock_site *site,
		 uint64_t since)
{
	struct lock_cpu *cpu;
	struct uk_lock_class *c;
	bool irq;

	if (!on)
		return;
	irq = uk_irq_save();
	cpu = lock_cpu();
	if (cpu->busy)
		goto out;
	c = class_of(slot, lock, site);
	if (cpu->n == LOCK_HELD) {
		cpu->lost++;
		goto out;
	}
	cpu->held[cpu->n++] = (struct lock_held){ lock, c, site, uk_lock_clock() };
	if (c) {
		lock_check_context(cpu, c, site, !irq);
		lock_stat_got(c, since ? cpu->held[cpu->n - 1].since - since : 0);
	}
out:
	uk_irq_restore(irq);
}

void uk_lock_gone(const void *lock)
{
	struct lock_cpu *cpu;
	unsigned i;
	bool irq;

	if (!on)
		return;
	irq = uk_irq_save();
	cpu = lock_cpu();
	i = cpu->n;
	if (cpu->busy)
		goto out;
	while (i && cpu->held[i - 1].lock != lock)
		i--;
	if (i) {
		struct lock_held *h = &cpu->held[i - 1];

		if (h->class)
			lock_stat_gone(h->class, uk_lock_clock() - h->since);
		for (cpu->n--; i - 1 < cpu->n; i++)
			cpu->held[i - 1] = cpu->held[i];
	} else if (cpu->lost) {
		cpu->lost--;
	} else {
		lock_check_not_held(cpu, lock);
	}
out:
	uk_irq_restore(irq);
}

void uk_lock_sleep(const struct uk_lock_site *site UK_UNUSED)
{
	struct lock_cpu *cpu;
	bool irq;

	if (!on)
		return;
	irq = uk_irq_save();
	cpu = lock_cpu();
	if (!cpu->busy && cpu->n)
		lock_check_sleep(cpu);
	uk_irq_restore(irq);
}
