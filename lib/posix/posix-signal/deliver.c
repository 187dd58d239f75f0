/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery: in the thread that takes the signal, just outside the kernel.
 *
 * entry.S has made a struct sigframe of what was interrupted. We take one deliverable
 * signal after the other until one has a handler, and let that run on the frame; when it
 * returns we go on with the same frame, and when nothing is left its registers are restored.
 * So the kernel is never on the stack twice.
 *
 * A system call that can start again is marked in the frame (`restart`): its program
 * counter lies just before the return address, and if it is still there when all is delivered,
 * the call's handler is entered once more. A signal's handler without SA_RESTART, or
 * a new program counter, ends that.
 */
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <sigframe.h>
#include "internal.h"

struct resume {
	struct sigframe *frame; /* NULL: restore the context of the frame that was given */
	uintptr_t handler;
};

/*
 * These functions begin or end while the thread does not count as being inside a system call. By
 * the name of their section they are recognised as kernel code nevertheless, so that no interrupt
 * diverts the thread in here: a call that is about to start again would miss what the handler of
 * that signal wanted (divert.c).
 */
#define NOT_DIVERTED UK_SECTION(".text.uk_sys_signal")

struct resume posix_signal_leave(struct sigframe *f);
struct resume posix_signal_leave_restart(struct sigframe *f);
struct resume posix_signal_after_divert(struct sigframe *f);
struct resume posix_signal_return(struct sigframe *f);

bool signal_on_alt(const struct uk_task_signals *s, uintptr_t sp)
{
	return sp - (uintptr_t)s->alt.sp - 1 < s->alt.size;
}

static const char *name_of(int sig)
{
	static const char names[][5] = {
		"HUP",  "INT",  "QUIT", "ILL",  "TRAP", "ABRT", "BUS",  "FPE",
		"KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
	};

	return sig <= (int)UK_ARRAY_SIZE(names) ? names[sig - 1] : "?";
}

static UK_NORETURN void terminate(int sig)
{
	/* Everybody expects what ^C and a reader that went away do. */
	if (sig != UK_SIGINT && sig != UK_SIGPIPE)
		uk_pr_err("the application was ended by signal %d (SIG%s)", sig, name_of(sig));
	uk_process_exit(128 + sig);
}

static void save_alt(const struct uk_task_signals *s, const struct sigframe *f,
		     struct uk_abi_stack *out)
{
	*out = s->alt;
	if (!s->alt.size)
		out->flags = UK_SS_DISABLE;
	else if (signal_on_alt(s, sigframe_sp(f)))
		out->flags |= UK_SS_ONSTACK;
}

/* The frame goes to the alternate stack if the handler wants that and is not on it already. */
static struct sigframe *choose_stack(const struct uk_task_signals *s, struct sigframe *f,
				     const struct uk_abi_sigaction *act)
{
	struct sigframe *alt;

	if (!(act->flags & UK_SA_ONSTACK) || !s->alt.size || signal_on_alt(s, sigframe_sp(f)) ||
	    signal_on_alt(s, (uintptr_t)f))
		return f;
	alt = sigframe_place((uintptr_t)s->alt.sp + s->alt.size);
	*alt = *f;
	return alt;
}

/* lock. The interrupted context runs `act` next. */
static struct resume start_handler(struct uk_task *self, struct sigframe *f,
				   const struct uk_sigentry *what)
{
	struct uk_task_signals *s = &self->signals;
	struct uk_abi_sigaction *slot = &self->process->signals.action[what->sig - 1], act = *slot;

	if (f->restart && !(act.flags & UK_SA_RESTART)) {
		f->restart = NULL;
		sigframe_set_result(f, -EINTR);
	}
	f = choose_stack(s, f, &act);
	f->restorer = (uintptr_t)uk_sys_rt_sigreturn;
	f->uc.flags = 0;
	f->uc.link = NULL;
	save_alt(s, f, &f->uc.stack);
	if (s->alt.flags & (int32_t)UK_SS_AUTODISARM)
		s->alt = (struct uk_abi_stack){ 0 };
	signal_fill_info(&f->info, what);
	memset(f->uc.sigmask_rest, 0, sizeof(f->uc.sigmask_rest));
	f->uc.sigmask = s->have_saved ? s->saved : s->blocked;
	s->have_saved = false;
	if (act.flags & UK_SA_RESETHAND)
		slot->handler = UK_SIG_DFL;
	signal_set_mask(self, s->blocked | act.mask |
				      (act.flags & UK_SA_NODEFER ? 0 : UK_SIGBIT(what->sig)));
	return (struct resume){ f, act.handler };
}

/* Nothing is left to deliver: complete the frame's context. */
NOT_DIVERTED static struct resume finish(struct sigframe *f)
{
	if (f->restart && sigframe_pc(f) == f->restart_pc - UK_SYSCALL_INSN_BYTES)
		sigframe_call(f, f->restart);
	sigframe_sanitize(f);
	return (struct resume){ NULL, 0 };
}

/* The thread counts as being inside a system call, from the caller's increment on to the end. */
NOT_DIVERTED static struct resume deliver(struct uk_task *self, struct sigframe *f)
{
	struct uk_process *p = self->process;
	struct uk_task_signals *s = &self->signals;
	struct uk_sigentry what, *garbage;
	struct resume r;
	bool irq;
	int sig;

	for (;;) {
		irq = uk_spin_lock_irq(&p->lock);
		sig = signal_take(self, ~s->blocked, &what, &garbage);
		if (!sig) {
			/*
			 * The mask of sigsuspend() and the like comes back, with what it held up.
			 */
			if (s->have_saved) {
				s->have_saved = false;
				signal_set_mask(self, s->saved);
				uk_spin_unlock_irq(&p->lock, irq);
				continue;
			}
			signal_update(self);
			r = finish(f);
			break;
		}
		if (!signal_is_ignored(p, sig)) {
			if (p->signals.action[sig - 1].handler == UK_SIG_DFL) {
				uk_spin_unlock_irq(&p->lock, irq);
				terminate(sig);
			}
			r = start_handler(self, f, &what);
			break;
		}
		uk_spin_unlock_irq(&p->lock, irq);
		signal_free_entry(garbage);
	}
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free_entry(garbage);
	self->thread->in_syscall--;
	return r;
}

/* From entry.S: a system call is over. */
NOT_DIVERTED struct resume posix_signal_leave(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();

	/*
	 * A thread of the kernel has no signals; a call inside a call leaves them to the outer one.
	 */
	if (!self || self->thread->in_syscall)
		return finish(f);
	self->thread->in_syscall++;
	return deliver(self, f);
}

/* From entry.S: a system call was interrupted and can start again. It still counts. */
NOT_DIVERTED struct resume posix_signal_leave_restart(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();

	f->restart = self->signals.restart;
	f->restart_pc = self->signals.restart_pc;
	sigframe_set_pc(f, f->restart_pc - UK_SYSCALL_INSN_BYTES);
	if (self->thread->in_syscall == 1)
		return deliver(self, f);
	self->thread->in_syscall--;
	return finish(f);
}

/* From entry.S: an interrupt or a trap sent the thread here. uk_irq_return_hook() has counted. */
NOT_DIVERTED struct resume posix_signal_after_divert(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();

	uk_arch_fpu_save(f->uc.mcontext.fpstate);
	sigframe_diverted(f, &self->signals);
	return deliver(self, f);
}

/* From entry.S: a handler has returned. */
NOT_DIVERTED struct resume posix_signal_return(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();
	struct uk_process *p = self->process;
	bool irq;

	self->thread->in_syscall++;
	irq = uk_spin_lock_irq(&p->lock);
	if (f->uc.stack.flags & UK_SS_DISABLE)
		self->signals.alt = (struct uk_abi_stack){ 0 };
	else
		self->signals.alt = f->uc.stack;
	self->signals.alt.flags &= (int32_t)UK_SS_AUTODISARM;
	signal_set_mask(self, f->uc.sigmask);
	uk_spin_unlock_irq(&p->lock, irq);
	return deliver(self, f);
}

void uk_syscall_set_restart(void (*handler)(void), void *pc)
{
	struct uk_task_signals *s = &uk_task_current()->signals;

	s->restart = handler;
	s->restart_pc = (uintptr_t)pc;
}
