/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads, as far as their list can be trusted.
 */
#include <uk/crash.h>
#include <uk/list.h>
#include <uk/sched_ops.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#define THREADS 16
#define CPUS    16

#ifdef CONFIG_SMP
/* All threads are in the list of the first CPU's scheduler, to which what that runs belongs. */
static UK_COLD const struct uk_sched *home_of(const struct uk_thread *self)
{
	const struct uk_thread *t = uk_percpus[0].current;

	return uk_crash_readable(t, sizeof(*t)) && uk_crash_readable(t->sched, sizeof(*t->sched))
		       ? t->sched
		       : self->sched;
}

static UK_COLD bool says_running(const struct uk_thread *t, const struct uk_thread *self UK_UNUSED,
				 const char *label)
{
	for (uint32_t i = 0; i < uk_smp_cpus(); i++)
		if (uk_percpus[i].current == t) {
			uk_crash_say("    `%s` running on CPU %u", label, i);
			return true;
		}
	return false;
}

/* What the others did when they were stopped. */
static UK_COLD void cpus(const struct uk_trap_info *info UK_UNUSED,
			 const struct uk_regs *regs UK_UNUSED)
{
	for (uint32_t i = 0, said = 0; i < uk_smp_cpus() && said < CPUS; i++) {
		const struct uk_thread *t = uk_percpus[i].current;
		const struct uk_regs *r = uk_crash_cpu_regs[i];
		char label[UK_THREAD_LABEL] = "?";

		if (i == uk_cpu())
			continue;
		if (uk_crash_readable(t, sizeof(*t)))
			uk_thread_label(t, label);
		uk_crash_say("  CPU %u: `%s`%s", i, label, r ? "" : ", which has not stopped");
		said++;
		if (r)
			uk_crash_say_where(r);
	}
}
UK_CRASH_SECTION("15", cpus);
#else
static inline const struct uk_sched *home_of(const struct uk_thread *self)
{
	return self->sched;
}

static inline bool says_running(const struct uk_thread *t, const struct uk_thread *self,
				const char *label)
{
	if (t == self)
		uk_crash_say("    `%s` running", label);
	return t == self;
}
#endif

static UK_COLD void threads(const struct uk_trap_info *info UK_UNUSED,
			    const struct uk_regs *regs UK_UNUSED)
{
	static const char *const states[] = { "ready", "blocked", "ended" };
	const struct uk_thread *self = uk_thread_current();
	const struct uk_list *head, *node;
	const struct uk_sched *home;
	unsigned n = 0;

	if (!uk_crash_readable(self, sizeof(*self)) ||
	    !uk_crash_readable(self->sched, sizeof(*self->sched)))
		return;
	if (uk_percpu()->irq_depth)
		uk_crash_say(
			"  inside an interrupt handler, which the thread had nothing to do with");
	home = home_of(self);
	head = &home->threads;
	uk_crash_say("  threads (%u):", home->nthreads);
	for (node = head->next; node != head; node = node->next) {
		const struct uk_thread *t = uk_list_entry(node, struct uk_thread, all);
		char label[UK_THREAD_LABEL];

		if (!uk_crash_readable(t, sizeof(*t)) || ++n > THREADS) {
			uk_crash_say("    ...");
			break;
		}
		uk_thread_label(t, label);
		if (says_running(t, self, label))
			;
		else
			uk_crash_say("    `%s` %s, stack pointer %#lx", label,
				     t->state < UK_ARRAY_SIZE(states) ? states[t->state] : "?",
				     t->ctx.sp);
	}
}
UK_CRASH_SECTION("20", threads);
