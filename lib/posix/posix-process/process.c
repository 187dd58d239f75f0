/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one process, its list of tasks, and its end.
 *
 * The thread that boots becomes the process's first task; until main() is called it counts as
 * being inside a system call, so that no signal diverts it in the middle of an initialiser.
 */
#include <uk/boot.h>
#include <uk/init.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include "internal.h"

#define TID_MAX 0x400000 /* libcs keep flags in the bits above 2^29 */

struct uk_process uk_process_boot;
static struct uk_task main_task;

struct uk_task *uk_task_find(struct uk_process *process, int tid)
{
	struct uk_task *t;

	uk_list_for_each(t, &process->tasks, node)
		if (t->tid == tid)
			return t;
	return NULL;
}

/* A number that no task has; in the order of creation until they have all been used once. */
static int new_tid(struct uk_process *process)
{
	static int last;
	static bool wrapped;

	do {
		if (++last == TID_MAX) {
			last = 1;
			wrapped = true;
		}
	} while (wrapped && uk_task_find(process, last));
	return last;
}

void uk_task_add(struct uk_task *task, struct uk_process *process, struct uk_thread *thread)
{
	bool irq;

	task->thread = thread;
	task->process = process;
	thread->posix = task;
	irq = uk_spin_lock_irq(&process->lock);
	task->tid = new_tid(process);
	uk_list_add_tail(&process->tasks, &task->node);
	process->ntasks++;
	uk_spin_unlock_irq(&process->lock, irq);
}

void uk_task_remove(struct uk_task *task)
{
	struct uk_process *process = task->process;
	bool irq = uk_spin_lock_irq(&process->lock);

	uk_list_del(&task->node);
	process->ntasks--;
	uk_spin_unlock_irq(&process->lock, irq);
}

#ifdef CONFIG_SMP
bool uk_task_remove_unless_last(struct uk_task *task)
{
	struct uk_process *process = task->process;
	bool irq = uk_spin_lock_irq(&process->lock), others = process->ntasks > 1;

	if (others) {
		uk_list_del(&task->node);
		process->ntasks--;
	}
	uk_spin_unlock_irq(&process->lock, irq);
	return others;
}
#endif

int uk_thread_tid(const struct uk_thread *t)
{
	const struct uk_task *task = t->posix;

	return task && task->thread == t ? task->tid : 0;
}

static int process_init(void)
{
	struct uk_process *p = &uk_process_boot;

	uk_list_init(&p->tasks);
	p->pid = p->pgid = p->sid = 1;
	process_init_limits(p);
	uk_task_add(&main_task, p, uk_thread_current());
	uk_shared_set(uk_thread_current()->in_syscall, uk_thread_current()->in_syscall + 1);
	return 0;
}
UK_INIT(UK_INIT_POSIX, "0", process_init, NULL);

/* The last step before main(). */
static int process_start(void)
{
	uk_shared_set(uk_thread_current()->in_syscall, uk_thread_current()->in_syscall - 1);
	return 0;
}
UK_INIT(UK_INIT_APP, "9", process_start, NULL);

#ifdef CONFIG_SMP
#define STOP_PATIENCE (100 * UK_NSEC_PER_MS)
#define STOP_LOOK     (50 * UK_NSEC_PER_US)

/* Of posix-signal: without it there is no way to reach who makes no system calls. */
UK_WEAK void uk_process_stop_threads(struct uk_process *process UK_UNUSED)
{
}

void uk_process_end_begin(void)
{
	static struct uk_thread *ender;
	struct uk_thread *self = uk_thread_current(), *nobody = NULL;

	uk_shared_set(self->in_syscall, self->in_syscall + 1);
	if (!__atomic_compare_exchange_n(&ender, &nobody, self, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE) &&
	    nobody != self)
		for (;;)
			uk_thread_block(UK_NSEC_MAX, false);
	uk_shared_set(self->in_syscall, self->in_syscall - 1);
}

/* Does another thread run, or could it, now? One that has stopped or waits is blocked. */
static bool others_run(struct uk_process *p)
{
	bool irq = uk_spin_lock_irq(&p->lock), found = false;
	struct uk_task *t;

	uk_list_for_each(t, &p->tasks, node)
		if (t->thread != uk_thread_current() &&
		    uk_shared_get(t->thread->state) == UK_THREAD_RUNNABLE)
			found = true;
	uk_spin_unlock_irq(&p->lock, irq);
	return found;
}

/*
 * What the teardown takes away, threads on other CPUs may be using. They stop where they leave the kernel,
 * so with no lock held that the teardown needs.
 */
static void stop_others(struct uk_process *p)
{
	uk_nsec end = uk_deadline(STOP_PATIENCE);

	uk_process_stop_threads(p);
	while (others_run(p) && uk_clock_monotonic() < end)
		uk_thread_block(uk_deadline(STOP_LOOK), false);
}
#endif

void uk_process_exit(int status)
{
#ifdef CONFIG_SMP
	uk_process_end_begin();
#endif
	/* From here on no handler runs in this thread, whatever the teardown does. */
	uk_shared_set(uk_thread_current()->in_syscall, uk_thread_current()->in_syscall + 1);
#ifdef CONFIG_SMP
	if (uk_process_current()->ntasks > 1)
		stop_others(uk_process_current());
#endif
	uk_exit(status & 0xff);
}

UK_SYSCALL(long, exit_group, int status)
{
	uk_process_exit(status);
}

/* There is never a child. */
UK_SYSCALL_LEAF(long, wait4, int pid, int *status, int options, void *usage)
{
	return -ECHILD;
}

UK_SYSCALL_LEAF(long, waitid, int which, int id, void *info, int options, void *usage)
{
	return -ECHILD;
}
