/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What reports call a thread. POSIX lets a thread start with its creator's name, so all are called
 * `main` until they say otherwise: such a name gets the thread's number behind it.
 */
#include <uk/crash.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include <uk/thread.h>

UK_WEAK int uk_thread_tid(const struct uk_thread *t UK_UNUSED)
{
	return 0;
}

UK_COLD const char *uk_thread_label(const struct uk_thread *t, char label[UK_THREAD_LABEL])
{
	const char *name = t->name && uk_crash_readable(t->name, 1) ? t->name : "(no name)";
	int tid = uk_thread_tid(t);

	if ((t->flags & UK_THREAD_NAMED) || tid <= 1)
		uk_snprintf(label, UK_THREAD_LABEL, "%s", name);
	else
		uk_snprintf(label, UK_THREAD_LABEL, "%.20s:%d", name, tid);
	return label;
}

/* For crash reports: takes no lock, and believes nothing. */
const char *uk_trap_thread_name(void)
{
	static char label[UK_CPUS][UK_THREAD_LABEL]; /* several may report at once */
	const struct uk_thread *t = uk_percpu()->current;

	return !t                                 ? "main"
	       : uk_crash_readable(t, sizeof(*t)) ? uk_thread_label(t, label[uk_cpu()])
						  : "(lost)";
}
