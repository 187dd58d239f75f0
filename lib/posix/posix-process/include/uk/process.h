/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes and tasks. A process owns what its threads share: descriptors, working directory,
 * signal actions, ids, limits. A task is what POSIX knows of a thread beyond what the scheduler
 * does; threads that only the kernel uses have none.
 *
 * Today there is one process, and uk_process_current() is a constant; everything that may one
 * day differ between processes is reached through it.
 */
#ifndef UK_PROCESS_H
#define UK_PROCESS_H

#include <uk/abi/resource.h>
#include <uk/api.h>
#include <uk/config.h>
#include <uk/list.h>
#include <uk/sigstate.h>
#include <uk/spinlock.h>
#include <uk/thread.h>

struct uk_abi_robust_list;
struct uk_fdtab;
struct uk_fs_ctx;

#define UK_GROUPS_MAX 32

/* Real, effective and saved ids; effective user 0 may change them at will. */
struct uk_creds {
	uint32_t uid, euid, suid;
	uint32_t gid, egid, sgid;
	uint32_t ngroups;
	uint32_t groups[UK_GROUPS_MAX];
};

struct uk_process {
	/* Protects the list of tasks and all signal state; taken in interrupts as well. */
	struct uk_spinlock lock;
	struct uk_list tasks;
	uint32_t ntasks;
	int32_t pid, ppid, pgid, sid;
	bool undumpable; /* prctl(PR_SET_DUMPABLE) */
	bool no_new_privs;
	bool membarrier; /* registered for MEMBARRIER_CMD_PRIVATE_EXPEDITED */
	struct uk_creds creds;
	struct uk_abi_rlimit limits[UK_RLIMITS];
	struct uk_fdtab *files; /* set by posix-file */
	struct uk_fs_ctx *fs;
#ifdef CONFIG_LIBPOSIX_SIGNAL
	struct uk_process_signals signals;
#endif
};

#define UK_TASK_NAME 16 /* with the terminating 0 */

struct uk_task {
	struct uk_thread *thread;
	struct uk_process *process;
	struct uk_list node; /* in process->tasks */
	int32_t tid;
	char name[UK_TASK_NAME];
	/* For posix-thread: cleared and woken, and walked, when the task ends. */
	uint32_t *clear_tid;
	struct uk_abi_robust_list *robust;
#ifdef CONFIG_LIBPOSIX_SIGNAL
	struct uk_task_signals signals;
#endif
};

UK_API_BEGIN

extern struct uk_process uk_process_boot;

/*
 * Make `thread`'s task: a number of its own, a place in the process's list. The memory is the
 * caller's, zeroed. Thread context, does not block.
 */
void uk_task_add(struct uk_task *task, struct uk_process *process, struct uk_thread *thread);

/* Take it out of the list. The caller has seen to it that nobody has found it before. */
void uk_task_remove(struct uk_task *task);

/* The same, with several CPUs, if it is not the last one of its process; if it is: false. */
#ifdef CONFIG_SMP
bool uk_task_remove_unless_last(struct uk_task *task);
#endif

/* The task of that number, or NULL. With process->lock held. */
struct uk_task *uk_task_find(struct uk_process *process, int tid);

/*
 * With several CPUs: the caller is the one that ends the process, whatever others want from now on; if
 * there is one already, the caller stops for good. Thread context.
 */
#ifdef CONFIG_SMP
void uk_process_end_begin(void);

/* Ends all threads but the caller. Weak: posix-signal's, by SIGKILL. Thread context; does not wait. */
void uk_process_stop_threads(struct uk_process *process);
#endif

/* exit_group(2): ends the image with `status & 255`. Thread context. */
UK_NORETURN void uk_process_exit(int status);

UK_API_END

/* The process of the running thread. Thread context. */
static inline struct uk_process *uk_process_current(void)
{
	return &uk_process_boot;
}

/* The running thread's task; NULL in threads of the kernel. Thread context. */
static inline struct uk_task *uk_task_current(void)
{
	return (struct uk_task *)uk_thread_current()->posix;
}

#endif
