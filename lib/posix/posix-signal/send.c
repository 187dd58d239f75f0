/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending signals: from the kernel, and kill(2) with its family.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"

/*
 * An ignored signal is dropped at once, unless somebody blocks it: that one may have a handler for
 * it, or ask for it with sigwait(), by the time it unblocks.
 */
static bool drop(struct uk_process *p, struct uk_task *task, int sig)
{
	struct uk_task *t;

	if (!signal_is_ignored(p, sig))
		return false;
	if (task)
		return !(task->signals.blocked & UK_SIGBIT(sig));
	uk_list_for_each(t, &p->tasks, node)
		if (t->signals.blocked & UK_SIGBIT(sig))
			return false;
	return true;
}

/* To `task`, or if that is NULL to the process. lock. False: the entry was not taken. */
static bool send(struct uk_process *p, struct uk_task *task, int sig, struct uk_sigentry *entry)
{
	bool taken;

	if (drop(p, task, sig))
		return false;
	taken = signal_pend(p, task ? &task->signals.pending : &p->signals.pending, sig, entry);
	if (!task)
		signal_find_taker(p, UK_SIGBIT(sig));
	else if (~task->signals.blocked & UK_SIGBIT(sig) || task->signals.waiting & UK_SIGBIT(sig))
		signal_mark(task);
	return taken;
}

bool uk_signal_send_entry(struct uk_process *p, int tid, struct uk_sigentry *entry)
{
	bool irq = uk_spin_lock_irq(&p->lock);
	struct uk_task *task = tid ? uk_task_find(p, tid) : NULL;
	bool taken = (task || !tid) && send(p, task, entry->sig, entry);

	uk_spin_unlock_irq(&p->lock, irq);
	return taken;
}

int uk_signal_send(struct uk_process *p, int sig)
{
	bool irq = uk_spin_lock_irq(&p->lock);

	send(p, NULL, sig, NULL);
	uk_spin_unlock_irq(&p->lock, irq);
	return 0;
}

int uk_signal_send_task(struct uk_task *task, int sig)
{
	bool irq = uk_spin_lock_irq(&task->process->lock);

	send(task->process, task, sig, NULL);
	uk_spin_unlock_irq(&task->process->lock, irq);
	return 0;
}

void uk_signal_cancel_entry(struct uk_process *p, struct uk_sigentry *entry)
{
	bool irq = uk_spin_lock_irq(&p->lock);

	signal_withdraw(p, entry);
	uk_spin_unlock_irq(&p->lock, irq);
}

/*
 * From the application. tgid: the process that is meant, 0 or less: any. tid: the thread, 0: the
 * process as a whole. sig 0 only asks whether the receiver exists.
 */
static long post(int tgid, int tid, const struct uk_sigentry *what)
{
	struct uk_process *p = uk_process_current();
	struct uk_sigentry *e = NULL;
	struct uk_task *t = NULL;
	bool irq, queue = what->code != UK_SI_USER && what->code != UK_SI_TKILL;
	long rc = 0;

	if ((unsigned)what->sig > UK_SIGNALS)
		return -EINVAL;
	if (what->sig && p->signals.queued < p->limits[UK_RLIMIT_SIGPENDING].cur)
		e = uk_malloc(sizeof(*e));
	if (e)
		*e = *what;
	else if (what->sig >= UK_SIGRTMIN && queue)
		return -EAGAIN;
	irq = uk_spin_lock_irq(&p->lock);
	if (tgid > 0 && tgid != p->pid)
		rc = -ESRCH;
	else if (tid && !(t = uk_task_find(p, tid)))
		rc = -ESRCH;
	else if (what->sig && send(p, t, what->sig, e))
		e = NULL;
	uk_spin_unlock_irq(&p->lock, irq);
	uk_free(e);
	return rc;
}

static struct uk_sigentry from_me(int sig, int code)
{
	struct uk_process *p = uk_process_current();

	return (struct uk_sigentry){ .sig = sig, .code = code, .pid = p->pid, .uid = p->creds.uid };
}

/* pid 0 and -pgid: the process group, which is this process; -1: everybody else, who is nobody. */
UK_SYSCALL(long, kill, int pid, int sig)
{
	struct uk_sigentry what = from_me(sig, UK_SI_USER);
	struct uk_process *p = uk_process_current();

	if (pid == -1)
		return -ESRCH;
	if (pid < 0 && -pid != p->pgid)
		return -ESRCH;
	return post(pid <= 0 ? p->pid : pid, 0, &what);
}

UK_SYSCALL(long, tkill, int tid, int sig)
{
	struct uk_sigentry what = from_me(sig, UK_SI_TKILL);

	return tid <= 0 ? -EINVAL : post(0, tid, &what);
}

UK_SYSCALL(long, tgkill, int tgid, int tid, int sig)
{
	struct uk_sigentry what = from_me(sig, UK_SI_TKILL);

	return tid <= 0 || tgid <= 0 ? -EINVAL : post(tgid, tid, &what);
}

static long queue(int tgid, int tid, int sig, const struct uk_abi_siginfo *user)
{
	struct uk_abi_siginfo info;
	struct uk_sigentry what;

	if (uk_get_user(&info, user))
		return -EFAULT;
	what = (struct uk_sigentry){
		.sig = sig, .code = info.code, .pid = info.pid, .uid = info.uid, .value = info.value
	};
	return post(tgid, tid, &what);
}

UK_SYSCALL(long, rt_sigqueueinfo, int tgid, int sig, const struct uk_abi_siginfo *info)
{
	return tgid <= 0 ? -ESRCH : queue(tgid, 0, sig, info);
}

UK_SYSCALL(long, rt_tgsigqueueinfo, int tgid, int tid, int sig, const struct uk_abi_siginfo *info)
{
	return tgid <= 0 || tid <= 0 ? -EINVAL : queue(tgid, tid, sig, info);
}
