/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of `xl sysrq`, with the meaning that Linux has made known (its Documentation/admin-guide/sysrq), as far as there is such
 * a thing here.
 */
#include <uk/config.h>
#include <uk/plat/power.h>
#include <uk/print.h>
#include <uk/sched_ops.h>
#include <uk/spinlock.h>
#include <uk/thread.h>
#include <uk/xen/power.h>

#ifdef CONFIG_LIBUKPAGE
#include <uk/page.h>
#endif

#include "control.h"

/* As of who ends at once, without the teardown of libraries. */
#define STATUS_KILLED (128 + 9)

static void help(void);

static void crash(void)
{
	uk_panic("a crash was asked for, by sysrq");
}

static void end(void)
{
	uk_plat_exit(STATUS_KILLED);
}

static void start_again(void)
{
	uk_xen_power_again(true);
	end();
}

static void memory(void)
{
#ifdef CONFIG_LIBUKPAGE
	struct uk_page_stats st;

	uk_page_stats(&st);
	uk_pr_asked("memory: %lu KiB in all, %lu free, %lu used at most, %lu requests failed",
		    st.total >> 10, st.free >> 10, st.peak >> 10, st.failures);
#else
	uk_pr_asked("memory: this image has one heap, and no frames to count");
#endif
}

static const char *state_of(const struct uk_thread *t)
{
	switch (t->state) {
	case UK_THREAD_RUNNABLE:
		return "ready";
	case UK_THREAD_BLOCKED:
		return "waits";
	default:
		return "ends";
	}
}

/* The scheduler whose list has all threads. */
static struct uk_sched *scheduler(void)
{
#ifdef CONFIG_SMP
	return uk_percpus[0].current->sched;
#else
	return uk_thread_current()->sched;
#endif
}

static void threads(void)
{
	struct uk_sched *s = scheduler();
	bool irq = uk_spin_lock_irq(&s->lock);
	struct uk_thread *t;

	uk_pr_asked("threads: %u", s->nthreads);
	uk_list_for_each(t, &s->threads, all) {
		char label[UK_THREAD_LABEL];

		uk_pr_asked("  %s: %s", uk_thread_label(t, label), state_of(t));
	}
	uk_spin_unlock_irq(&s->lock, irq);
}

static const struct {
	char key;
	const char *what;
	void (*fn)(void);
} keys[] = {
	{ 'b', "start again at once", start_again },
	{ 'c', "crash", crash },
	{ 'h', "this help", help },
	{ 'm', "memory", memory },
	{ 'o', "end at once", end },
	{ 't', "threads", threads },
};

static void help(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(keys); i++)
		uk_pr_asked("sysrq %c: %s", keys[i].key, keys[i].what);
}

void xencontrol_sysrq(char key)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(keys); i++) {
		if (keys[i].key == key) {
			keys[i].fn();
			return;
		}
	}
	uk_pr_asked("sysrq: there is no key \"%c\"", key);
	help();
}
