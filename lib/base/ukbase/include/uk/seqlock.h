/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequence locks: for a few words that are read all the time and written now and then, like a clock's.
 *
 *	do {
 *		seq = uk_seq_read_begin(&s);
 *		... copy what is protected; act on nothing of it ...
 *	} while (uk_seq_read_retry(&s, seq));
 *
 * A reader writes nothing, so readers do not slow each other down, and a writer never waits for
 * one. The price: a reader may see half of a change and has to read again, so it must not follow
 * pointers that a writer may free (uk/rcu.h is for those), nor loop by what it has read.
 *
 * The counter is odd while a change is under way. With one CPU nobody can look then, since writers
 * mask interrupts; a reader may still be interrupted by a whole change, so one addition is left of
 * the writer's part, and a comparison of the reader's. All zero is an unlocked lock.
 */
#ifndef UK_SEQLOCK_H
#define UK_SEQLOCK_H

#include <uk/spin.h>
#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#endif

/* For writers that keep each other out by a lock that they have anyway. */
struct uk_seqcount {
	volatile uint32_t n;
};

/* Any context. Waits while a change is under way: so not inside a writer's section. */
static inline uint32_t uk_seq_read_begin(const struct uk_seqcount *s)
{
#ifdef CONFIG_SMP
	unsigned turns = 0;
	uint32_t n;

	/* Acquire: what is protected is read after this. */
	while (UK_UNLIKELY((n = __atomic_load_n(&s->n, __ATOMIC_ACQUIRE)) & 1)) {
		uk_arch_relax();
		uk_spin_hook(++turns);
	}
	return n;
#else
	return s->n;
#endif
}

/* Was it changed since? Then what has been read is good for nothing. */
static inline bool uk_seq_read_retry(const struct uk_seqcount *s, uint32_t n)
{
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_ACQUIRE); /* it has been read before this */
#else
	UK_BARRIER();
#endif
	return n != s->n;
}

/* Interrupts masked, other writers kept out. The section is short, and waits for nothing. */
static inline void uk_seq_write_begin(struct uk_seqcount *s UK_UNUSED)
{
#ifdef CONFIG_SMP
	s->n++;
	__atomic_thread_fence(__ATOMIC_RELEASE); /* seen as odd before any of the change is */
#else
	UK_BARRIER();
#endif
}

static inline void uk_seq_write_end(struct uk_seqcount *s)
{
#ifdef CONFIG_SMP
	__atomic_store_n(&s->n, s->n + 1, __ATOMIC_RELEASE); /* all of the change is seen before */
#else
	UK_BARRIER();
	s->n++;
#endif
}

/* With a lock of its own for the writers. Readers use `count`. */
struct uk_seqlock {
	struct uk_seqcount count;
	struct uk_spinlock lock;
};

/* Any context. Returns whether interrupts were masked before, for the unlock. */
static inline bool uk_seq_write_lock(struct uk_seqlock *s)
{
	bool was = uk_spin_lock_save(&s->lock);

	uk_seq_write_begin(&s->count);
	return was;
}

static inline void uk_seq_write_unlock(struct uk_seqlock *s, bool was)
{
	uk_seq_write_end(&s->count);
	uk_spin_unlock_restore(&s->lock, was);
}

#endif
