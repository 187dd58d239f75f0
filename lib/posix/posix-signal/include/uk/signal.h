/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals, for other parts of the kernel: sending them, masks of waits, the end of a thread.
 *
 * A signal that is sent becomes pending, in a thread or in the process. The thread that shall
 * take it is marked (uk_thread_interrupt()): an interruptible wait ends with -EINTR; on
 * leaving a system call or an interrupt the thread finds the mark and delivers.
 */
#ifndef UK_SIGNAL_H
#define UK_SIGNAL_H

#include <uk/abi/signal.h>
#include <uk/api.h>
#include <uk/process.h>

#define UK_SIGBIT(sig) (1ULL << ((sig)-1))

UK_API_BEGIN

/*
 * Send `sig` (1 to 64) to a process or to one thread of it. Any context. What is known beside the
 * number is SI_KERNEL. 0, or -EAGAIN if a real-time signal finds no memory to be queued.
 */
int uk_signal_send(struct uk_process *process, int sig);
int uk_signal_send_task(struct uk_task *task, int sig);

/*
 * The same with all that the receiver will see, to thread `tid` or, if that is 0, to the process.
 * The entry stays the caller's and is sent at most once at a time: if it is pending already, or an
 * ordinary signal of its number is, or there is no such thread, the result is false. For timers and
 * faults. Any context.
 */
bool uk_signal_send_entry(struct uk_process *process, int tid, struct uk_sigentry *entry);

/*
 * To the process, and the running thread takes it if it can: what its CPU time has caused. `entry` is
 * as above, or NULL. From an interrupt.
 */
void uk_signal_send_running(struct uk_process *process, int sig, struct uk_sigentry *entry);

/* Take back an entry that is still pending, before its memory goes. Any context. */
void uk_signal_cancel_entry(struct uk_process *process, struct uk_sigentry *entry);

/*
 * For calls that wait with another mask (ppoll, pselect, epoll_pwait): put `mask` in force. After
 * the wait _restore; with -EINTR the old mask comes back only after the handlers have run. `mask`
 * is the caller's pointer, NULL: change nothing. 0, -EFAULT, -EINVAL (size). Threads.
 */
int uk_signal_mask_swap(const uint64_t *mask, size_t size);
void uk_signal_mask_restore(long result);

/* posix-thread: the calling task ends. */
void uk_signal_task_exit(struct uk_task *task);

UK_API_END

#endif
