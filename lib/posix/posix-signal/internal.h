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

/* What the task could take now. lock */
static inline uint64_t signal_deliverable(const struct uk_task *t)
{
	return (t->signals.pending.set | t->process->signals.pending.set) & ~t->signals.blocked;
}

/* pending.c, all with lock */

/* Adds; `entry` may be NULL. False if it was pending already and the entry was not taken. */
bool signal_pend(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_sigentry *entry);

/*
 * Takes the next signal of `set` out, the task's own before the process's. Its number or 0;
 * *what describes it. *garbage is an entry that the caller frees after unlocking, or NULL.
 */
int signal_take(struct uk_task *t, uint64_t set, struct uk_sigentry *what,
		struct uk_sigentry **garbage);

/* Forgets all pending signals `sig`. Entries to be freed are put on `garbage`. */
void signal_flush(struct uk_process *p, struct uk_sigpending *q, int sig, struct uk_queue *garbage);
void signal_free(struct uk_queue *garbage);
void signal_free_entry(struct uk_sigentry *e); /* NULL: nothing */

/* Takes an entry out again, if it is in a queue. */
void signal_withdraw(struct uk_process *p, struct uk_sigentry *entry);

/* Make `t` look at its signals: where it waits, or else on its way out of the kernel. */
void signal_mark(struct uk_task *t);

/* Marks the task if there is something for it, and takes the mark off if there is not. */
void signal_update(struct uk_task *t);

/* Replaces the mask of the calling task; finds others for what it does not take any more. */
void signal_set_mask(struct uk_task *self, uint64_t mask);

/* Marks somebody who takes the process's pending signals of `set`. */
void signal_find_taker(struct uk_process *p, uint64_t set);

void signal_fill_info(struct uk_abi_siginfo *info, const struct uk_sigentry *what);

/* divert.c */

/* Look again soon whether the running thread can be diverted. Any context. */
void signal_retry(void);
/* On the alternate stack? */
bool signal_on_alt(const struct uk_task_signals *s, uintptr_t sp);

#endif
