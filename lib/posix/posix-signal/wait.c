/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for signals, and with another mask; and what a task leaves behind.
 */
#include <uk/abi/time.h>
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/uaccess.h>
#include "internal.h"

#define SIGSET_SIZE sizeof(uint64_t)

int uk_signal_mask_swap(const uint64_t *mask, size_t size)
{
	struct uk_task *self = uk_task_current();
	uint64_t new;
	bool irq;

	if (!mask)
		return 0;
	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (uk_get_user(&new, mask))
		return -EFAULT;
	irq = uk_spin_lock_irq(&self->process->lock);
	self->signals.saved = self->signals.blocked;
	self->signals.have_saved = true;
	signal_set_mask(self, new);
	uk_spin_unlock_irq(&self->process->lock, irq);
	return 0;
}

void uk_signal_mask_restore(long result)
{
	struct uk_task *self = uk_task_current();
	bool irq;

	if (!self->signals.have_saved || result == -EINTR)
		return; /* delivery restores it, after the handlers */
	irq = uk_spin_lock_irq(&self->process->lock);
	self->signals.have_saved = false;
	signal_set_mask(self, self->signals.saved);
	uk_spin_unlock_irq(&self->process->lock, irq);
}

bool uk_syscall_wait_again(void)
{
	struct uk_task *self = uk_task_current();
	struct uk_process *p = self->process;
	struct uk_queue garbage = { NULL };
	struct uk_abi_siginfo unused;
	bool irq = uk_spin_lock_irq(&p->lock);
	int sig;

	while ((sig = signal_next(self, ~self->signals.blocked)) && signal_is_ignored(p, sig))
		signal_take(self, UK_SIGBIT(sig), &unused, &garbage);
	/* In wait_for() what it waits for ends the wait as well. */
	if (!sig)
		sig = signal_next(self, self->signals.waiting);
	signal_update(self);
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
	return !sig;
}

static long wait_for_any(void)
{
	while (uk_thread_block(UK_NSEC_MAX, true) != -EINTR || uk_syscall_wait_again())
		;
	return -EINTR;
}

UK_SYSCALL(long, rt_sigsuspend, const uint64_t *mask, size_t size)
{
	int rc = mask ? uk_signal_mask_swap(mask, size) : -EFAULT;

	return rc ? rc : wait_for_any();
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, pause)
{
	return wait_for_any();
}
#endif

/* Waits until one of `set` is there and takes it, whatever its action; blocked or not. */
static int wait_for(struct uk_task *self, uint64_t set, uk_nsec deadline,
		    struct uk_abi_siginfo *info)
{
	struct uk_process *p = self->process;
	struct uk_queue garbage = { NULL };
	int sig, rc = 0;
	bool irq, wait;

	for (;;) {
		irq = uk_spin_lock_irq(&p->lock);
		sig = signal_take(self, set, info, &garbage);
		/* Having looked after the wait ended: a signal wins over a timeout. */
		wait = !sig && !rc;
		p->signals.waiting += (uint32_t)wait - (self->signals.waiting != 0);
		self->signals.waiting = wait ? set : 0;
		signal_update(self); /* the mark may have been for a signal of `set` */
		uk_spin_unlock_irq(&p->lock, irq);
		signal_free(&garbage);
		if (sig)
			return sig;
		if (rc)
			return rc == -ETIMEDOUT ? -EAGAIN : rc;
		rc = uk_thread_block(deadline, true);
		if (rc == -EINTR && uk_syscall_wait_again())
			rc = 0;
	}
}

UK_SYSCALL(long, rt_sigtimedwait, const uint64_t *set, struct uk_abi_siginfo *info,
	   const struct uk_abi_timespec *timeout, size_t size)
{
	struct uk_abi_siginfo out;
	struct uk_abi_timespec ts;
	uk_nsec span, deadline = UK_NSEC_MAX;
	uint64_t wanted;
	int sig;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (uk_get_user(&wanted, set) || (timeout && uk_get_user(&ts, timeout)))
		return -EFAULT;
	if (timeout) {
		if (!uk_abi_timespec_nsec(&ts, &span))
			return -EINVAL;
		deadline = uk_deadline(span);
	}
	sig = wait_for(uk_task_current(), wanted & ~SIG_UNBLOCKABLE, deadline, &out);
	if (sig > 0 && info && uk_put_user(out, info))
		return -EFAULT;
	return sig;
}

static UK_NOINLINE void give_back_pending(struct uk_task *task)
{
	struct uk_queue garbage = { NULL };
	struct uk_process *p = task->process;
	bool irq;
	int sig;

	irq = uk_spin_lock_irq(&p->lock);
	for (sig = 1; task->signals.pending.set; sig++)
		signal_flush(p, &task->signals.pending, sig, &garbage);
	/* The process's signals that this task was going to take need somebody else. */
	signal_find_taker(p, ~0ULL);
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
}

void uk_signal_task_exit(struct uk_task *task)
{
	/* In this order: see change_mask(). */
	UK_WRITE_ONCE(task->signals.blocked, ~0ULL);
	signal_fence();
	if (UK_READ_ONCE(task->signals.pending.set) |
	    UK_READ_ONCE(task->process->signals.pending.set))
		give_back_pending(task);
}
