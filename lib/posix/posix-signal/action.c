/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a process does about signals: actions, masks, alternate stacks.
 */
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"

#define SIGSET_SIZE sizeof(uint64_t)

static void set_action(struct uk_process *p, int sig, const struct uk_abi_sigaction *act)
{
	struct uk_queue garbage = { NULL };
	struct uk_task *t;
	bool irq = uk_spin_lock_irq(&p->lock);

	p->signals.action[sig - 1] = *act;
	p->signals.action[sig - 1].flags &= UK_SA_KNOWN;
	p->signals.action[sig - 1].mask &= ~SIG_UNBLOCKABLE;
	/* POSIX: a pending signal that is ignored from now on is forgotten, blocked or not. */
	if (signal_is_ignored(p, sig)) {
		signal_flush(p, &p->signals.pending, sig, &garbage);
		uk_list_for_each(t, &p->tasks, node)
			signal_flush(p, &t->signals.pending, sig, &garbage);
		signal_update(uk_task_current());
	}
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
}

UK_SYSCALL(long, rt_sigaction, int sig, const struct uk_abi_sigaction *act,
	   struct uk_abi_sigaction *old, size_t size)
{
	struct uk_process *p = uk_process_current();
	struct uk_abi_sigaction new, was;

	if (size != SIGSET_SIZE || sig < 1 || sig > UK_SIGNALS)
		return -EINVAL;
	if (act && (UK_SIGBIT(sig) & SIG_UNBLOCKABLE))
		return -EINVAL;
	was = p->signals.action[sig - 1];
	if (act) {
		if (uk_get_user(&new, act))
			return -EFAULT;
		set_action(p, sig, &new);
	}
	return old ? uk_put_user(was, old) : 0;
}

/*
 * A libc calls this several times for each thread it starts, so without a lock where nothing is
 * pending. The new mask is there before the look: a signal that comes later finds it, one that
 * came earlier is seen.
 */
static void change_mask(struct uk_task *self, uint64_t mask)
{
	struct uk_process *p = self->process;
	uint64_t was = self->signals.blocked;
	bool irq;

	UK_WRITE_ONCE(self->signals.blocked, mask & ~SIG_UNBLOCKABLE);
	signal_fence();
	if (UK_LIKELY(signal_none_pending(self)))
		return;
	irq = uk_spin_lock_irq(&p->lock);
	uk_shared_set(self->signals.blocked, was);
	signal_set_mask(self, mask);
	uk_spin_unlock_irq(&p->lock, irq);
}

UK_SYSCALL_QUICK(long, rt_sigprocmask, int how, const uint64_t *set, uint64_t *old, size_t size)
{
	struct uk_task *self = uk_task_current();
	uint64_t was = self->signals.blocked, mask;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (set) {
		if (uk_get_user(&mask, set))
			return -EFAULT;
		switch (how) {
		case UK_SIG_BLOCK:
			mask |= was;
			break;
		case UK_SIG_UNBLOCK:
			mask = was & ~mask;
			break;
		case UK_SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		change_mask(self, mask);
	}
	return old ? uk_put_user(was, old) : 0;
}

UK_SYSCALL(long, rt_sigpending, uint64_t *set, size_t size)
{
	struct uk_task *self = uk_task_current();
	uint64_t pending = (self->signals.pending.set | self->process->signals.pending.set) &
			   self->signals.blocked;

	return size > SIGSET_SIZE ? -EINVAL : uk_copy_to_user(set, &pending, size);
}

int signal_set_alt(struct uk_task_signals *s, const struct uk_abi_stack *want, uintptr_t sp)
{
	int32_t disarm = want->flags & (int32_t)UK_SS_AUTODISARM;
	int32_t mode = want->flags & ~(int32_t)UK_SS_AUTODISARM;

	if (signal_on_alt(s, sp))
		return -EPERM;
	if (mode && mode != UK_SS_ONSTACK && mode != UK_SS_DISABLE) /* Linux takes ONSTACK for 0 */
		return -EINVAL;
	if (mode == UK_SS_DISABLE)
		s->alt = (struct uk_abi_stack){ 0 };
	else if (want->size < UK_MINSIGSTKSZ)
		return -ENOMEM;
	else
		s->alt = (struct uk_abi_stack){ want->sp, disarm, 0, want->size };
	return 0;
}

UK_SYSCALL(long, sigaltstack, const struct uk_abi_stack *new, struct uk_abi_stack *old)
{
	struct uk_task_signals *s = &uk_task_current()->signals;
	struct uk_abi_stack was = s->alt, want;
	/* The system call runs on the caller's stack, so any local variable tells which that is. */
	uintptr_t sp = (uintptr_t)&want;
	int rc;

	if (!was.size)
		was.flags = UK_SS_DISABLE;
	else if (signal_on_alt(s, sp))
		was.flags |= UK_SS_ONSTACK;
	if (new) {
		if (uk_get_user(&want, new))
			return -EFAULT;
		rc = signal_set_alt(s, &want, sp);
		if (rc)
			return rc;
	}
	return old ? uk_put_user(was, old) : 0;
}
