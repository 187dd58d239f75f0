/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clone(2), as far as it makes threads.
 *
 * The new thread runs on the stack that the caller brings, and starts as a return from the same
 * call: with the parent's registers and a result of 0. What makes a process (anything less than
 * sharing memory, files and signal actions) answers -ENOSYS.
 */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"

#define CLONE_VM             0x00000100
#define CLONE_FS             0x00000200
#define CLONE_FILES          0x00000400
#define CLONE_SIGHAND        0x00000800
#define CLONE_THREAD         0x00010000
#define CLONE_SYSVSEM        0x00040000
#define CLONE_SETTLS         0x00080000
#define CLONE_PARENT_SETTID  0x00100000
#define CLONE_CHILD_CLEARTID 0x00200000
#define CLONE_DETACHED       0x00400000 /* ignored, as on Linux */
#define CLONE_CHILD_SETTID   0x01000000

#define CLONE_SHARED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_KNOWN                                                                                \
	(CLONE_SHARED | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |                       \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID)

/*
 * The stack's lower end is the application's affair; the scheduler wants one, and gets an address
 * that is certainly on the stack.
 */
#define STACK_NOMINAL 1024

UK_SYSCALL_ENTRY(clone)

static void child_start(void *arg)
{
	posix_clone_return(arg);
}

static long clone_thread(unsigned long flags, uintptr_t stack, int32_t *ptid, int32_t *ctid,
			 uintptr_t tls, const struct clone_regs *regs)
{
	struct uk_thread *self = uk_thread_current(), *t;
	struct uk_task *parent = uk_task_current(), *task;
	struct clone_regs *copy = (struct clone_regs *)(stack - sizeof(*copy));
	uintptr_t top = UK_ALIGN_DOWN((uintptr_t)copy, UK_ARCH_STACK_ALIGN);
	struct uk_thread_attr attr = {
		.stack = (void *)(top - STACK_NOMINAL),
		.stack_size = STACK_NOMINAL,
		.tp = flags & CLONE_SETTLS ? tls : self->ctx.tp,
		/* It starts when its number is known: it may be signalled by then. */
		.flags = UK_THREAD_DETACHED | UK_THREAD_SUSPENDED,
		.policy = self->policy,
		.prio = self->prio,
		.posix_size = sizeof(*task),
	};

	if ((flags & CLONE_SHARED) != CLONE_SHARED)
		return -ENOSYS;
	if ((flags & ~(unsigned long)CLONE_KNOWN) || !stack)
		return -EINVAL;
	if (((flags & CLONE_PARENT_SETTID) && !uk_access_ok(ptid, sizeof(*ptid))) ||
	    ((flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) &&
	     !uk_access_ok(ctid, sizeof(*ctid))) ||
	    !uk_access_ok(copy, sizeof(*copy)))
		return -EFAULT;
	if (parent->process->ntasks >= parent->process->limits[UK_RLIMIT_NPROC].cur)
		return -EAGAIN;
	*copy = *regs;
	t = uk_thread_create(NULL, self->name, child_start, copy, &attr);
	if (!t)
		return -EAGAIN;
	task = t->posix;
	if (self->name == parent->name) { /* set by prctl(): ends with the parent */
		memcpy(task->name, parent->name, sizeof(task->name));
		t->name = task->name; /* a copy: it has no name of its own */
	}
#ifdef CONFIG_LIBPOSIX_SIGNAL
	task->signals.blocked = parent->signals.blocked;
#endif
	uk_task_add(task, parent->process, t);
	if (flags & CLONE_CHILD_CLEARTID)
		task->clear_tid = (uint32_t *)ctid;
	if (flags & CLONE_PARENT_SETTID)
		*ptid = task->tid;
	if (flags & CLONE_CHILD_SETTID)
		*ctid = task->tid;
	int tid = task->tid; /* when it runs it may end, and take `task` with it */
	uk_thread_wake(t);
	return tid;
}

UK_NO_STACK_PROTECTOR long posix_clone(unsigned long flags, uintptr_t stack, int32_t *ptid,
				       int32_t *ctid, uintptr_t tls, const struct clone_regs *regs)
{
	long result;

	UK_SYSCALL_KEEP(clone);
	uk_syscall_enter();
	result = clone_thread(flags, stack, ptid, ctid, tls, regs);
	if (UK_UNLIKELY(uk_syscall_leave()))
		return uk_syscall_leave_slow(result);
	return result;
}
