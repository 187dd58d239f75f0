/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Points at which an allocation can be made to fail, for tests (lib/debug/ukfaultinject).
 *
 * Whoever hands out memory asks uk_fault() first and answers "none" if it says so. Without
 * ukfaultinject in the configuration it is a constant: nothing is compiled.
 */
#ifndef UK_FAULT_H
#define UK_FAULT_H

#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>

enum uk_fault_kind {
	UK_FAULT_HEAP,  /* a block of the default heap: malloc, realloc, memalign */
	UK_FAULT_FRAME, /* page frames */
	UK_FAULT_AREA,  /* an area of the address space, or a stack */
	UK_FAULT_KINDS,
};

#ifdef CONFIG_LIBUKFAULTINJECT
UK_API_BEGIN
/* Counts an allocation and says whether this is one that has to fail. Threads, any lock held. */
bool uk_fault_inject(enum uk_fault_kind kind);
extern unsigned uk_fault_paused;
UK_API_END
#endif

static inline bool uk_fault(enum uk_fault_kind kind UK_UNUSED)
{
#ifdef CONFIG_LIBUKFAULTINJECT
	return UK_UNLIKELY(uk_fault_inject(kind));
#else
	return false;
#endif
}

/*
 * Page faults cannot answer with an error: between uk_fault_pause(1) and uk_fault_pause(-1) no
 * allocation counts or fails. (Mapping what is touched later does.)
 */
static inline void uk_fault_pause(int by UK_UNUSED)
{
#ifdef CONFIG_LIBUKFAULTINJECT
	__atomic_fetch_add(&uk_fault_paused, (unsigned)by, __ATOMIC_RELAXED);
#endif
}

#endif
