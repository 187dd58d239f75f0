/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-signal. `lock` in comments is the process's. */
#ifndef POSIX_SIGNAL_INTERNAL_H
#define POSIX_SIGNAL_INTERNAL_H

#include <uk/process.h>
#include <uk/signal.h>

#define SIG_UNBLOCKABLE (UK_SIGBIT(UK_SIGKILL) | UK_SIGBIT(UK_SIGSTOP))

/* Made by the instruction that the thread executes: delivered before all others. */
#define SIG_SYNCHRONOUS                                                                            \
	(UK_SIGBIT(UK_SIGSEGV) | UK_SIGBIT(UK_SIGBUS) | UK_SIGBIT(UK_SIGILL) |                     \
	 UK_SIGBIT(UK_SIGTRAP) | UK_SIGBIT(UK_SIGFPE) | UK_SIGBIT(UK_SIGSYS))

/* Default action: nothing. The stop signals too, as for the first process of a Linux system. */
#define SIG_IGNORED_BY_DEFAULT                                                                     \
	(UK_SIGBIT(UK_SIGCHLD) | UK_SIGBIT(UK_SIGCONT) | UK_SIGBIT(UK_SIGURG) |                    \
	 UK_SIGBIT(UK_SIGWINCH) | UK_SIGBIT(UK_SIGSTOP) | UK_SIGBIT(UK_SIGTSTP) |                  \
	 UK_SIGBIT(UK_SIGTTIN) | UK_SIGBIT(UK_SIGTTOU))

static inline bool signal_is_ignored(const struct uk_process *p, int sig)
{
	uintptr_t handler = p->signals.action[sig - 1].handler;

	return handler == UK_SIG_IGN ||
	       (handler == UK_SIG_DFL && (UK_SIGBIT(sig) & SIG_IGNORED_BY_DEFAULT));
}

/* Nothing to take, blocked or not: a look without the lock, for who needs none then. */
static inline bool signal_none_pending(const struct uk_task *t)
{
	return !(UK_READ_ONCE(t->signals.pending.set) |
		 UK_READ_ONCE(t->process->signals.pending.set));
}

/*
 * Masks change without the lock: who changes one writes it, then looks what is pending; who sends
 * writes what is pending, then looks at the mask. With this between the two at least one sees the other.
 */
static inline void signal_fence(void)
{
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

/* What the task could take now. lock */
static inline uint64_t signal_deliverable(const struct uk_task *t)
{
	return (t->signals.pending.set | t->process->signals.pending.set) &
	       ~uk_shared_get(t->signals.blocked);
}

/* pending.c, all with lock */

/*
 * Takes the next signal of `set` out. Its number or 0; *info describes it. Memory that the caller
 * frees after unlocking is put on `garbage`, as by the others below.
 */
int signal_take(struct uk_task *t, uint64_t set, struct uk_abi_siginfo *info,
		struct uk_queue *garbage);

/* Forgets all pending signals `sig`. */
void signal_flush(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_queue *garbage);

/* An entry that is not needed any more. */
void signal_release(struct uk_process *p, struct uk_sigentry *e, struct uk_queue *garbage);

static inline bool signal_has_spare(const struct uk_process *p)
{
	return UK_READ_ONCE(p->signals.spares_used) != (1U << UK_SIGENTRY_SPARES) - 1;
}

void signal_free_all(struct uk_queue *garbage);

/* Without the lock. */
static inline void signal_free(struct uk_queue *garbage)
{
	if (UK_UNLIKELY(!uk_queue_empty(garbage)))
		signal_free_all(garbage);
}

/* Takes an entry out again, if it is in a queue. */
void signal_withdraw(struct uk_process *p, struct uk_sigentry *entry);

/* Make `t` look at its signals: where it waits, or else on its way out of the kernel. */
void signal_mark(struct uk_task *t);

/* Marks the task if there is something for it, and takes the mark off if there is not. */
void signal_update(struct uk_task *t);

/*
 * The next signal of `set` that the task would take, 0 if none: its own first, then the process's;
 * of those what an instruction caused before all others, then the lowest number.
 */
static inline int signal_next(const struct uk_task *t, uint64_t set)
{
	uint64_t there = t->signals.pending.set & set;

	if (!there)
		there = t->process->signals.pending.set & set;
	if (!there)
		return 0;
	return __builtin_ctzll(there & SIG_SYNCHRONOUS ? there & SIG_SYNCHRONOUS : there) + 1;
}

/* Replaces the mask of the calling task; finds others for what it does not take any more. */
void signal_set_mask(struct uk_task *self, uint64_t mask);

/* Marks somebody who takes the process's pending signals of `set`. */
void signal_find_taker(struct uk_process *p, uint64_t set);

/* divert.c */

/* Look again soon whether the running thread can be diverted. Any context. */
void signal_retry(void);

/* action.c */

/*
 * On the alternate stack? One that is disarmed while a handler runs on it never counts: who jumped
 * out of the handler may use it again.
 */
static inline bool signal_on_alt(const struct uk_task_signals *s, uintptr_t sp)
{
	return sp - (uintptr_t)s->alt.sp - 1 < s->alt.size &&
	       !(s->alt.flags & (int32_t)UK_SS_AUTODISARM);
}

/* sigaltstack(2) with stack pointer `sp`. 0, -EPERM, -EINVAL, -ENOMEM. */
int signal_set_alt(struct uk_task_signals *s, const struct uk_abi_stack *want, uintptr_t sp);

/* deliver.c: what the signal does by default. */
UK_NORETURN void signal_terminate(int sig);

#endif
