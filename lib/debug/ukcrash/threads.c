/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads, as far as their list can be trusted.
 */
#include <uk/crash.h>
#include <uk/list.h>
#include <uk/sched_ops.h>

#define THREADS 16

static UK_COLD void threads(const struct uk_trap_info *info UK_UNUSED,
			    const struct uk_regs *regs UK_UNUSED)
{
	static const char *const states[] = { "ready", "blocked", "ended" };
	const struct uk_thread *self = uk_thread_current();
	const struct uk_list *head, *node;
	unsigned n = 0;

	if (!uk_crash_readable(self, sizeof(*self)) ||
	    !uk_crash_readable(self->sched, sizeof(*self->sched)))
		return;
	if (uk_percpu()->irq_depth)
		uk_crash_say(
			"  inside an interrupt handler, which the thread had nothing to do with");
	head = &self->sched->threads;
	uk_crash_say("  threads (%u):", self->sched->nthreads);
	for (node = head->next; node != head; node = node->next) {
		const struct uk_thread *t = uk_list_entry(node, struct uk_thread, all);
		char label[UK_THREAD_LABEL];

		if (!uk_crash_readable(t, sizeof(*t)) || ++n > THREADS) {
			uk_crash_say("    ...");
			break;
		}
		uk_thread_label(t, label);
		if (t == self)
			uk_crash_say("    `%s` running", label);
		else
			uk_crash_say("    `%s` %s, stack pointer %#lx", label,
				     t->state < UK_ARRAY_SIZE(states) ? states[t->state] : "?",
				     t->ctx.sp);
	}
}
UK_CRASH_SECTION("20", threads);
