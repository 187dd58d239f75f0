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
		return !(uk_shared_get(task->signals.blocked) & UK_SIGBIT(sig));
	uk_list_for_each(t, &p->tasks, node)
		if (uk_shared_get(t->signals.blocked) & UK_SIGBIT(sig))
			return false;
	return true;
}

/* Adds; `entry` may be NULL. False if it was pending already and the entry was not taken. lock */
static inline bool pend(struct uk_process *p, struct uk_sigpending *q, int sig,
			struct uk_sigentry *entry)
{
	bool pending = q->set & UK_SIGBIT(sig);

	uk_shared_set(q->set, q->set | UK_SIGBIT(sig));
	/* Only real-time signals queue. */
	if (!entry || (pending && sig < UK_SIGRTMIN) || uk_queue_linked(&entry->node))
		return false;
	uk_queue_push(&q->queue, &entry->node);
	if (!entry->keep)
		uk_shared_set(p->signals.queued, p->signals.queued + 1);
	return true;
}

/* Somebody who takes the process's signal: as a rule its first thread, which sends it. lock */
static inline void mark_taker(struct uk_process *p, int sig)
{
	struct uk_task *first = UK_CONTAINER_OF(p->tasks.next, struct uk_task, node);
	struct uk_thread *t = first->thread;

	/* The one that waits in idle is also called the current one. */
	if (UK_LIKELY(!p->signals.waiting && t == uk_thread_current() && t->in_syscall &&
		      t->state == UK_THREAD_RUNNABLE && !(first->signals.blocked & UK_SIGBIT(sig))))
		uk_shared_set(t->interrupted,
			      true); /* it runs, and looks when it leaves the kernel */
	else
		signal_find_taker(p, UK_SIGBIT(sig));
}

/* To `task`, or if that is NULL to the process. lock. False: the entry was not taken. */
static UK_ALWAYS_INLINE bool send(struct uk_process *p, struct uk_task *task, int sig,
				  struct uk_sigentry *entry)
{
	bool taken;

	if (drop(p, task, sig))
		return false;
	taken = pend(p, task ? &task->signals.pending : &p->signals.pending, sig, entry);
	signal_fence();
	if (p->signals.notify)
		p->signals.notify(sig);
	if (!task)
		mark_taker(p, sig);
	else if (~uk_shared_get(task->signals.blocked) & UK_SIGBIT(sig) ||
		 task->signals.waiting & UK_SIGBIT(sig))
		signal_mark(task);
	return taken;
}

/* For all but kill(2), which shall be quick. */
static UK_NOINLINE bool send_entry(struct uk_process *p, struct uk_task *task, int sig,
				   struct uk_sigentry *entry)
{
	bool irq = uk_spin_lock_irq(&p->lock);
	bool taken = send(p, task, sig, entry);

	uk_spin_unlock_irq(&p->lock, irq);
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

void uk_signal_send_running(struct uk_process *p, int sig, struct uk_sigentry *entry)
{
	struct uk_task *self = uk_task_current();
	bool irq = uk_spin_lock_irq(&p->lock);

	if (!drop(p, NULL, sig)) {
		pend(p, &p->signals.pending, sig, entry);
		signal_fence();
		if (p->signals.notify)
			p->signals.notify(sig);
		if (self && !(self->signals.blocked & UK_SIGBIT(sig)))
			signal_mark(self);
		else
			mark_taker(p, sig);
	}
	uk_spin_unlock_irq(&p->lock, irq);
}

int uk_signal_send(struct uk_process *p, int sig)
{
	send_entry(p, NULL, sig, NULL);
	return 0;
}

int uk_signal_send_task(struct uk_task *task, int sig)
{
	send_entry(task->process, task, sig, NULL);
	return 0;
}

void uk_signal_cancel_entry(struct uk_process *p, struct uk_sigentry *entry)
{
	bool irq = uk_spin_lock_irq(&p->lock);

	signal_withdraw(p, entry);
	uk_spin_unlock_irq(&p->lock, irq);
}

#ifdef CONFIG_SMP
void uk_process_stop_threads(struct uk_process *p)
{
	struct uk_task *self = uk_task_current(), *t;
	bool irq = uk_spin_lock_irq(&p->lock);

	uk_list_for_each(t, &p->tasks, node)
		if (t != self)
			send(p, t, UK_SIGKILL, NULL);
	uk_spin_unlock_irq(&p->lock, irq);
}
#endif

/* One of the process's entries for general use, NULL if all are in use. lock */
static inline struct uk_sigentry *spare(struct uk_process *p)
{
	unsigned n = (unsigned)__builtin_ctz(~p->signals.spares_used);
	struct uk_sigentry *e;

	if (n >= UK_SIGENTRY_SPARES)
		return NULL;
	uk_shared_set(p->signals.spares_used, p->signals.spares_used | 1U << n);
	e = &p->signals.spare[n];
	e->spare = (uint8_t)(n + 1);
	return e;
}

/* What a sender says. */
struct message {
	int sig, code, pid;
	uint32_t uid;
	uint64_t value;
};

static void fill(struct uk_sigentry *e, const struct message *what)
{
	e->sig = what->sig;
	e->code = what->code;
	e->pid = what->pid;
	e->uid = what->uid;
	e->value = what->value;
}

/*
 * From the application. tgid: the process that is meant, 0 or less: any. tid: the thread, 0: the
 * process as a whole. sig 0 only asks whether the receiver exists.
 */
static long post(int tgid, int tid, const struct message *what)
{
	struct uk_process *p = uk_process_current();
	int sig = what->sig;
	bool must_queue =
		sig >= UK_SIGRTMIN && what->code != UK_SI_USER && what->code != UK_SI_TKILL;
	/* Ordinary signals are not counted out: there are no more of them than numbers. */
	uint64_t limit = sig < UK_SIGRTMIN ? UINT64_MAX : p->limits[UK_RLIMIT_SIGPENDING].cur;
	struct uk_queue garbage = { NULL };
	struct uk_sigentry *e = NULL;
	struct uk_task *t = NULL;
	bool irq;
	long rc = 0;

	if ((unsigned)sig > UK_SIGNALS)
		return -EINVAL;
	if (UK_UNLIKELY(!signal_has_spare(p)) && sig && uk_shared_get(p->signals.queued) < limit)
		e = uk_calloc(1, sizeof(*e));
	irq = uk_spin_lock_irq(&p->lock);
	if ((tgid > 0 && tgid != p->pid) || (tid && !(t = uk_task_find(p, tid)))) {
		rc = -ESRCH;
	} else if (sig) {
		if (!e && p->signals.queued < limit)
			e = spare(p);
		if (e)
			fill(e, what);
		if (!e && must_queue)
			rc = -EAGAIN;
		else if (send(p, t, sig, e))
			e = NULL;
	}
	if (e)
		signal_release(p, e, &garbage);
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
	return rc;
}

static inline struct message from_me(int sig, int code)
{
	struct uk_process *p = uk_process_current();

	return (struct message){ .sig = sig, .code = code, .pid = p->pid, .uid = p->creds.uid };
}

/* pid 0 and -pgid: the process group, which is this process; -1: everybody else, who is nobody. */
UK_SYSCALL(long, kill, int pid, int sig)
{
	struct message what = from_me(sig, UK_SI_USER);
	struct uk_process *p = uk_process_current();

	if (pid == -1)
		return -ESRCH;
	if (pid < 0 && -pid != p->pgid)
		return -ESRCH;
	return post(pid <= 0 ? p->pid : pid, 0, &what);
}

UK_SYSCALL(long, tkill, int tid, int sig)
{
	struct message what = from_me(sig, UK_SI_TKILL);

	return tid <= 0 ? -EINVAL : post(0, tid, &what);
}

UK_SYSCALL(long, tgkill, int tgid, int tid, int sig)
{
	struct message what = from_me(sig, UK_SI_TKILL);

	return tid <= 0 || tgid <= 0 ? -EINVAL : post(tgid, tid, &what);
}

static long queue(int tgid, int tid, int sig, const struct uk_abi_siginfo *user)
{
	struct uk_abi_siginfo info;
	struct message what;

	if (uk_get_user(&info, user))
		return -EFAULT;
	what = (struct message){
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
