/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read-copy-update: readers of a table or a list take no lock and write nothing; who takes something out
 * frees it only when no reader can hold a pointer to it any more.
 *
 *	reader:	uk_rcu_read_lock();			writer, with a lock among writers:
 *		t = uk_rcu_get(&table);			old = table;
 *		... use t ...				uk_rcu_set(&table, new);
 *		uk_rcu_read_unlock();			unlock; uk_rcu_free(&old->rcu, free_it);
 *
 * A reader's section is one with preemption off, and that is all it is: it does not block. So when
 * every CPU has once been seen with preemption on, or idle, all sections that began before are
 * over: this is the grace period. Schedulers do nothing for it: who ends one asks all CPUs
 * by an interrupt between CPUs, and asks those again that were inside a section.
 *
 * It pays where readers are many and writers few: a reader costs an addition to a word of its own CPU and a
 * subtraction, a grace period an interrupt of each other CPU, some microseconds, shared by
 * up to UK_RCU_BATCH objects. Where readers are as rare as writers take a lock.
 *
 * With one CPU, a thread that writes is outside of all sections, or it would not run: what it takes
 * out is freed at once.
 */
#ifndef UK_RCU_H
#define UK_RCU_H

#include <uk/preempt.h>

/* Of an object that is freed with a delay. It may share its place with what no reader looks at. */
struct uk_rcu_head {
	struct uk_rcu_head *next;
	void (*fn)(struct uk_rcu_head *head);
};

#define UK_RCU_BATCH 64

/* Any context, but no context in which uk_preempt_disable() does not count. The sections nest. */
static inline void uk_rcu_read_lock(void)
{
	uk_preempt_disable();
}

static inline void uk_rcu_read_unlock(void)
{
	uk_preempt_enable();
}

/* Inside a section: the pointer at `p`; what it points to is seen as it was when it was set. */
#define uk_rcu_get(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)

/* Publish `v`, which is complete. Among writers by a lock. */
#define uk_rcu_set(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

#ifdef CONFIG_SMP
UK_API_BEGIN

/*
 * Calls fn(head) when all sections that run now are over; up to UK_RCU_BATCH - 1 objects stay waiting until
 * more come. Outside of sections, with interrupts open and no spin lock held, in thread context: fn
 * runs in the context of some such call, now or later. Does not block.
 */
void uk_rcu_free(struct uk_rcu_head *head, void (*fn)(struct uk_rcu_head *head));

/* Returns when all sections that run now are over. Context as uk_rcu_free(). */
void uk_rcu_sync(void);

/* The same, and all functions handed to uk_rcu_free() before have returned. */
void uk_rcu_barrier(void);

UK_API_END
#else
static inline void uk_rcu_free(struct uk_rcu_head *head, void (*fn)(struct uk_rcu_head *head))
{
	fn(head);
}

static inline void uk_rcu_sync(void)
{
	UK_BARRIER();
}

static inline void uk_rcu_barrier(void)
{
}
#endif

#endif
