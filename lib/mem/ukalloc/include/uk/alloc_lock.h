/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For providers: how trim() locks. It runs when frames are short, inside somebody's request for some,
 * which may be the allocator's own (it is busy then, with the lock held, on this CPU or another) and
 * may wait until memory is given back. So trim() waits for a lock only as long as that is not so.
 */
#ifndef UK_ALLOC_LOCK_H
#define UK_ALLOC_LOCK_H

#include <uk/spinlock.h>
#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#endif

/* uk_spin_lock(l); or false, with nothing locked, because *busy is set. Thread context. */
static inline bool uk_alloc_lock_idle(struct uk_spinlock *l, const bool *busy)
{
	uk_preempt_disable();
	for (;;) {
		if (UK_READ_ONCE(*busy)) {
			uk_preempt_enable();
			return false;
		}
		if (uk_spin_try(l))
			return true;
#ifdef CONFIG_SMP
		uk_arch_relax();
		uk_spin_hook(0);
#endif
	}
}

#endif
