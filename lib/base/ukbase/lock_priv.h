/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What checks and statistics of locks share: classes, and what each CPU holds.
 */
#ifndef LOCK_PRIV_H
#define LOCK_PRIV_H

#include <uk/irq.h>
#include <uk/lockdebug.h>

#define LOCK_CLASSES 256 /* locks beyond that are not looked at; the log says so */
#define LOCK_HELD    16  /* at a time, by a CPU */

struct uk_lock_class {
	const void *lock; /* the lock, if it is the only one of its class */
	const char *lib, *name;
	const struct uk_lock_site *first; /* taken here */
#ifdef CONFIG_LIBUKBASE_LOCK_CHECK
	const struct uk_lock_site *in_irq, *irq_open;
	bool told_irq, told_same;
#endif
#ifdef CONFIG_LIBUKBASE_LOCK_STAT
	struct uk_lock_stat stat; /* times in cycles */
#endif
};

struct lock_held {
	const void *lock;
	struct uk_lock_class *class;
	const struct uk_lock_site *site;
	uint64_t since;
};

struct lock_cpu {
	struct lock_held held[LOCK_HELD];
	unsigned n;
	unsigned lost; /* did not fit */
	bool busy;     /* reports: locks taken for that are not looked at */
} UK_CPU_ALIGNED;

extern struct lock_cpu lock_cpus[UK_CPUS];
extern struct uk_lock_class lock_classes[LOCK_CLASSES];
extern uint32_t lock_nclasses;

/* This CPU's, with interrupts masked. */
static inline struct lock_cpu *lock_cpu(void)
{
	return &lock_cpus[uk_cpu()];
}

static inline unsigned lock_number(const struct uk_lock_class *c)
{
	return (unsigned)(c - lock_classes);
}

/* For few and short sections of our own: a lock that is not looked at. Interrupts masked. */
static inline void lock_raw_acquire(uint32_t *l)
{
	while (__atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE))
		;
}

static inline void lock_raw_release(uint32_t *l)
{
	__atomic_store_n(l, 0, __ATOMIC_RELEASE);
}

#ifdef CONFIG_LIBUKBASE_LOCK_CHECK
/* All with interrupts masked. `open`: they were not before. */
void lock_check_order(struct lock_cpu *cpu, struct uk_lock_class *c, const void *lock,
		      const struct uk_lock_site *site);
void lock_check_context(struct lock_cpu *cpu, struct uk_lock_class *c,
			const struct uk_lock_site *site, bool open);
void lock_check_not_held(struct lock_cpu *cpu, const void *lock);
void lock_check_sleep(struct lock_cpu *cpu);
#else
static inline void lock_check_order(struct lock_cpu *cpu UK_UNUSED,
				    struct uk_lock_class *c UK_UNUSED, const void *lock UK_UNUSED,
				    const struct uk_lock_site *site UK_UNUSED)
{
}
static inline void lock_check_context(struct lock_cpu *cpu UK_UNUSED,
				      struct uk_lock_class *c UK_UNUSED,
				      const struct uk_lock_site *site UK_UNUSED,
				      bool open UK_UNUSED)
{
}
static inline void lock_check_not_held(struct lock_cpu *cpu UK_UNUSED, const void *lock UK_UNUSED)
{
}
static inline void lock_check_sleep(struct lock_cpu *cpu UK_UNUSED)
{
}
#endif

#ifdef CONFIG_LIBUKBASE_LOCK_STAT
void lock_stat_got(struct uk_lock_class *c, uint64_t waited);
void lock_stat_gone(struct uk_lock_class *c, uint64_t held);
#else
static inline void lock_stat_got(struct uk_lock_class *c UK_UNUSED, uint64_t waited UK_UNUSED)
{
}
static inline void lock_stat_gone(struct uk_lock_class *c UK_UNUSED, uint64_t held UK_UNUSED)
{
}
#endif

#endif
