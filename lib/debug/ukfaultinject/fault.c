/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which allocation fails: counting, and the parameters that say so for a whole run.
 *
 *	fault.nth=N fault.times=1	the Nth fails; or `times` in a row; 0: all from there on
 *	fault.every=N			every Nth fails, forever
 *	fault.kind="[ heap frame area ]"	only such allocations count (default: all)
 *	fault.count			at exit: how many there were, and what is still held
 *	fault.say			name each failure in the log
 *
 * A run is deterministic as long as its input is, so N = 1, 2, 3 … up to what fault.count said
 * visits every allocation of it. tests/fault does that.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/faultinject.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/param.h>
#include <uk/print.h>

static const char *const kind_name[UK_FAULT_KINDS] = { "heap", "frame", "area" };

unsigned uk_fault_paused;

static unsigned wanted = UK_FAULT_ALL; /* kinds that count */
static uint64_t seen, failed, seen_of[UK_FAULT_KINDS];

/* What uk_fault_arm() asked for; with nothing armed, the parameters hold. */
static struct {
	bool on;
	uint64_t nth, times, base;
	unsigned kinds;
} armed;

static int set_kinds(const char *list)
{
	char word[16];
	unsigned k;

	for (wanted = 0; uk_param_next(&list, word, sizeof(word)) > 0; wanted |= 1U << k) {
		for (k = 0; k < UK_FAULT_KINDS && uk_strcmp(word, kind_name[k]);)
			k++;
		if (k == UK_FAULT_KINDS)
			return -EINVAL;
	}
	return wanted ? 0 : -EINVAL;
}

UK_PARAM_UINT(fault, nth, 0, "the number of the allocation that fails, from 1; 0: none");
UK_PARAM_UINT(fault, times, 1, "how many in a row fail from there on; 0: all");
UK_PARAM_UINT(fault, every, 0, "let every Nth allocation fail");
UK_PARAM_FN(fault, kind, set_kinds, "which count: some of heap, frame, area");
UK_PARAM_BOOL(fault, count, false, "say at exit how many allocations there were");
UK_PARAM_BOOL(fault, say, false, "name each failure in the log");

static bool in_window(uint64_t i, uint64_t nth, uint64_t times)
{
	return nth && i >= nth && (!times || i - nth < times);
}

bool uk_fault_inject(enum uk_fault_kind kind)
{
	uint64_t i, every = uk_param_fault_every.u;
	bool fail;

	UK_TABLE_KEEP(uk_param_fault_kind);
	if (UK_READ_ONCE(uk_fault_paused) || !((armed.on ? armed.kinds : wanted) & 1U << kind))
		return false;
	__atomic_fetch_add(&seen_of[kind], 1, __ATOMIC_RELAXED);
	i = __atomic_add_fetch(&seen, 1, __ATOMIC_RELAXED);
	if (armed.on)
		fail = in_window(i - armed.base, armed.nth, armed.times);
	else
		fail = in_window(i, uk_param_fault_nth.u, uk_param_fault_times.u) ||
		       (every && i % every == 0);
	if (UK_LIKELY(!fail))
		return false;
	__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	if (uk_param_fault_say.b)
		uk_pr_warn("allocation %lu (%s) fails, called from %p", (unsigned long)i,
			   kind_name[kind], __builtin_return_address(0));
	return true;
}

void uk_fault_arm(uint64_t nth, uint64_t times, unsigned kinds)
{
	armed.nth = nth;
	armed.times = times;
	armed.kinds = kinds;
	armed.base = seen;
	armed.on = true;
}

uint64_t uk_fault_disarm(void)
{
	armed.on = false;
	return seen - armed.base;
}

static int fault_start(void)
{
	return 0;
}

/* Torn down after all that was started after page frames: what is held then is held for good. */
static void fault_stop(void)
{
	struct uk_alloc_stats heap = { 0 };
	struct uk_page_stats frames;

	if (!uk_param_fault_count.b)
		return;
	if (uk_heap)
		uk_alloc_stats(uk_heap, &heap);
	uk_page_stats(&frames);
	uk_pr_err(
		"%lu allocations (heap %lu, frame %lu, area %lu), %lu failed; held: heap %lu bytes "
		"in %lu blocks, frames %lu KiB",
		(unsigned long)seen, (unsigned long)seen_of[UK_FAULT_HEAP],
		(unsigned long)seen_of[UK_FAULT_FRAME], (unsigned long)seen_of[UK_FAULT_AREA],
		(unsigned long)failed, (unsigned long)heap.used,
		(unsigned long)(heap.allocs - heap.frees),
		(unsigned long)((frames.total - frames.free) >> 10));
}

UK_INIT(UK_INIT_EARLY, "0", fault_start, fault_stop);
