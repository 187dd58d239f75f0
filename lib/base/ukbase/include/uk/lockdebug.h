/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What development adds to spin locks: checks (CONFIG_LIBUKBASE_LOCK_CHECK) and statistics
 * (CONFIG_LIBUKBASE_LOCK_STAT). Without either, all of this is nothing.
 *
 * Both work on classes of locks: all locks that play the same part. A lock that is a variable, or part of
 * one, is a class of its own. One in allocated memory or on a stack belongs to the class of its
 * library and of its member's name, so all "ukvfs: lock" are one. Where that says too little, the code
 * that takes a kind of lock names it,
 *
 *	#define UK_LOCK_KIND "wait queue"	before the first #include of a source file
 *	uk_lock_name(&s->lock, "scheduler");	for an object's, before it is first taken
 *
 * A lock learns its class when it is first taken; each CPU knows what it holds, and where in the source it
 * took that. Sections do not outlast a switch, except the scheduler's, which the next thread
 * leaves on the same CPU: so this belongs to CPUs and not to threads.
 */
#ifndef UK_LOCKDEBUG_H
#define UK_LOCKDEBUG_H

#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>

#if defined(CONFIG_LIBUKBASE_LOCK_CHECK) || defined(CONFIG_LIBUKBASE_LOCK_STAT)
#define UK_LOCK_DEBUG 1
#endif

#ifdef UK_LOCK_DEBUG

#ifndef UK_LIB_NAME
#define UK_LIB_NAME "?"
#endif
#ifndef UK_LOCK_KIND
#define UK_LOCK_KIND NULL
#endif

struct uk_lock_class;

/* A place in the source where a lock is taken. */
struct uk_lock_site {
	const char *lib;
	const char *kind; /* UK_LOCK_KIND */
	const char *what; /* the lock, as it is written there */
	const char *file;
	int line;
};

#define UK_LOCK_SITE(what)                                                                         \
	({                                                                                         \
		static const struct uk_lock_site site_ = { UK_LIB_NAME, UK_LOCK_KIND, what,        \
							   __FILE__, __LINE__ };                   \
		&site_;                                                                            \
	})

#define UK_LOCK_CLASS_FIELD struct uk_lock_class *lock_class;

UK_API_BEGIN

/*
 * For the implementation of locks, around taking one: ask() before a wait may begin, got() when it is
 * held, with the time when the wait began, 0 if there was none; gone() before it is released. A lock that is
 * only tried does not ask.
 */
void uk_lock_ask(struct uk_lock_class **c, const void *lock, const struct uk_lock_site *site);
void uk_lock_got(struct uk_lock_class **c, const void *lock, const struct uk_lock_site *site,
		 uint64_t since);
void uk_lock_gone(const void *lock);
uint64_t uk_lock_clock(void);

void uk_lock_set_name(struct uk_lock_class **c, const char *lib, const char *name);

/* The caller is about to block, or to let others run: with no spin lock held. */
void uk_lock_sleep(const struct uk_lock_site *site);

UK_API_END

/* Take the lock `l`: by `try`, or else by `wait`. */
#define UK_LOCK_TAKE(l, try, wait)                                                                 \
	do {                                                                                       \
		const struct uk_lock_site *at_ = UK_LOCK_SITE(#l);                                 \
		uint64_t since_ = 0;                                                               \
		uk_lock_ask(&(l)->lock_class, l, at_);                                             \
		if (!(try)) {                                                                      \
			since_ = uk_lock_clock();                                                  \
			wait;                                                                      \
		}                                                                                  \
		uk_lock_got(&(l)->lock_class, l, at_, since_);                                     \
	} while (0)

#define UK_LOCK_GONE(l)       uk_lock_gone(l)
#define uk_lock_name(l, name) uk_lock_set_name(&(l)->lock_class, UK_LIB_NAME, name)
#define uk_lock_may_sleep()   uk_lock_sleep(UK_LOCK_SITE(""))

#else

#define UK_LOCK_CLASS_FIELD
#define UK_LOCK_TAKE(l, try, wait)                                                                 \
	do {                                                                                       \
		if (UK_UNLIKELY(!(try)))                                                           \
			wait;                                                                      \
	} while (0)
#define UK_LOCK_GONE(l)       ((void)0)
#define uk_lock_name(l, name) ((void)0)
#define uk_lock_may_sleep()   ((void)0)

#endif

/* ---- checks ---- */

enum uk_lock_fault {
	UK_LOCK_ORDER,    /* taken in an order that contradicts another: a cycle */
	UK_LOCK_SAME,     /* two of a class, and the second is not above the first in memory */
	UK_LOCK_TWICE,    /* this CPU holds it already: would wait for ever */
	UK_LOCK_NOT_HELD, /* released by a CPU that does not hold it */
	UK_LOCK_IRQ,      /* taken by an interrupt handler, and elsewhere with interrupts open */
	UK_LOCK_PREEMPT,  /* taken by a thread that can be preempted, and so hold up who waits */
	UK_LOCK_SLEEP,    /* blocks while it holds one */
	UK_LOCK_FAULTS,
};

#ifdef CONFIG_LIBUKBASE_LOCK_CHECK
UK_API_BEGIN

/*
 * What is done with a finding, besides counting: NULL prints `text`, several lines, as an error, and stops
 * with a crash report if the image would hang otherwise, or if parameter lock.fatal says so.
 * Interrupts are masked; locks that are taken in it are not checked.
 */
extern void (*uk_lock_fault_hook)(enum uk_lock_fault what, const char *text);

/* How often each was found. */
extern uint32_t uk_lock_faults[UK_LOCK_FAULTS];

UK_API_END
#endif

/* ---- statistics ---- */

#ifdef CONFIG_LIBUKBASE_LOCK_STAT
struct uk_lock_stat {
	uint64_t held;      /* how often it was taken */
	uint64_t contended; /* how often somebody else had it */
	/* Nanoseconds. */
	uint64_t wait, wait_max;
	uint64_t hold, hold_max;
};

UK_API_BEGIN

/*
 * Prints a line per class that was taken, sorted by the time that CPUs have waited for it, to the log
 * stream. Parameter lock.stat=1 does that at exit. Thread context.
 */
void uk_lockstat_print(void);

/* Counts from 0 again. */
void uk_lockstat_reset(void);

/* The figures of the class of a lock, which has been taken before. */
void uk_lockstat_get(const struct uk_lock_class *c, struct uk_lock_stat *st);

UK_API_END
#endif

#endif
