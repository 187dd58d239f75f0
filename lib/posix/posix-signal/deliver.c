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
#include <uk/sanitize.h>
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
UK_NORETURN void signal_no_room(void);

#define MUSL_SIGRTMIN 35 /* the three below are the C library's own */

static void say_ended(int sig)
{
	static const char names[][7] = {
		"HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",  "FPE",
		"KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM", "STKFLT",
		"CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",  "XCPU",
		"XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
	};

	if (sig <= (int)UK_ARRAY_SIZE(names))
		uk_pr_err("the application was ended by signal %d (SIG%s)", sig, names[sig - 1]);
	else if (sig >= MUSL_SIGRTMIN)
		uk_pr_err("the application was ended by signal %d (SIGRTMIN+%d)", sig,
			  sig - MUSL_SIGRTMIN);
	else
		uk_pr_err("the application was ended by signal %d, which is the C library's", sig);
}

UK_NORETURN void signal_terminate(int sig)
{
#ifdef CONFIG_SMP
	uk_process_end_begin();
#endif
	/* Everybody expects what ^C, a reader that went away, and a request to end do. */
	if (sig != UK_SIGINT && sig != UK_SIGPIPE && sig != UK_SIGTERM && sig != UK_SIGHUP)
		say_ended(sig);
	uk_process_exit(128 + sig);
}

/* From entry.S, on the alternate stack. */
UK_NORETURN void signal_no_room(void)
{
	uk_pr_err("the alternate signal stack is too small: handlers are nested too deeply on it, "
		  "or the CPU's vector registers need more");
	signal_terminate(UK_SIGSEGV);
}

/* Does the frame have to move to the alternate stack, since the handler wants that? */
static inline bool must_move(const struct uk_task_signals *s, const struct sigframe *f,
			     const struct uk_abi_sigaction *act)
{
	return (act->flags & UK_SA_ONSTACK) && s->alt.size && !signal_on_alt(s, sigframe_sp(f)) &&
	       !signal_on_alt(s, (uintptr_t)f);
}

static UK_NOINLINE struct sigframe *move(const struct uk_task_signals *s, const struct sigframe *f)
{
	struct sigframe *alt = sigframe_place((uintptr_t)s->alt.sp + s->alt.size);

	/* The last handler may have left it by longjmp(). */
	uk_sanitize_stack((void *)s->alt.sp, s->alt.size, sigframe_sp(f));
	sigframe_copy(alt, f);
	return alt;
}

/* lock. The interrupted context runs the handler `act` of `sig` next, or (NULL) there is no room. */
static struct resume start_handler(struct uk_task *self, struct sigframe *f,
				   struct uk_abi_sigaction *act, int sig)
{
	struct uk_task_signals *s = &self->signals;
	uintptr_t handler = act->handler;

	if (f->restart && !(act->flags & UK_SA_RESTART)) {
		f->restart = NULL;
		sigframe_set_result(f, -EINTR);
	}
	if (must_move(s, f, act)) {
		if (s->alt.size < sigframe_room())
			return (struct resume){ NULL, 0 };
		f = move(s, f);
	}
	f->restorer = (uintptr_t)uk_sys_rt_sigreturn;
	f->uc.link = NULL;
	f->uc.stack = s->alt;
	if (!s->alt.size)
		f->uc.stack.flags = UK_SS_DISABLE;
	if (s->alt.flags & (int32_t)UK_SS_AUTODISARM)
		s->alt = (struct uk_abi_stack){ 0 };
	f->uc.sigmask = s->have_saved ? s->saved : s->blocked;
	s->have_saved = false;
	sigframe_complete(f, s);
	if (act->flags & UK_SA_RESETHAND)
		act->handler = UK_SIG_DFL;
	signal_set_mask(self,
			s->blocked | act->mask | (act->flags & UK_SA_NODEFER ? 0 : UK_SIGBIT(sig)));
	return (struct resume){ f, handler };
}

/*
 * Nothing is left to deliver: complete the frame's context. The last step, since from here on vector
 * registers are the application's again, and a switch to another thread would not keep them.
 */
NOT_DIVERTED static struct resume finish(struct sigframe *f)
{
	if (f->restart && sigframe_pc(f) == f->restart_pc - UK_SYSCALL_INSN_BYTES)
		sigframe_call(f, f->restart);
	sigframe_sanitize(f);
	return (struct resume){ NULL, 0 };
}

/*
 * With the lock, which it gives up; `irq` is what uk_spin_lock_irq() said. The thread counts as
 * being inside a system call, from the caller's increment on to the end.
 */
NOT_DIVERTED static struct resume deliver(struct uk_task *self, struct sigframe *f, bool irq)
{
	struct uk_process *p = self->process;
	struct uk_task_signals *s = &self->signals;
	struct uk_abi_sigaction *act;
	struct uk_queue garbage = { NULL };
	struct resume r = { NULL, 0 };
	int sig;

	for (;;) {
		sig = signal_take(self, ~s->blocked, &f->info, &garbage);
		if (!sig) {
			if (UK_LIKELY(!s->have_saved)) {
				signal_update(self);
				break;
			}
			/* The mask of sigsuspend() and the like comes back, with what it held up. */
			s->have_saved = false;
			signal_set_mask(self, s->saved);
		} else if (!signal_is_ignored(p, sig)) {
			act = &p->signals.action[sig - 1];
			if (act->handler == UK_SIG_DFL) {
				uk_spin_unlock_irq(&p->lock, irq);
				signal_terminate(sig);
			}
			r = start_handler(self, f, act, sig);
			if (UK_UNLIKELY(!r.frame)) {
				uk_spin_unlock_irq(&p->lock, irq);
				signal_no_room();
			}
			break;
		}
	}
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
	uk_shared_set(self->thread->in_syscall, self->thread->in_syscall - 1);
	UK_BARRIER();
	/* Another came since, or waits for its turn: it interrupts what runs now. */
	if (UK_UNLIKELY(uk_thread_interrupted(self->thread))) {
		uk_shared_set(self->thread->in_syscall, self->thread->in_syscall + 1);
		signal_retry();
		uk_shared_set(self->thread->in_syscall, self->thread->in_syscall - 1);
	}
	return r.frame ? r : finish(f);
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
	uk_shared_set(self->thread->in_syscall, self->thread->in_syscall + 1);
	return deliver(self, f, uk_spin_lock_irq(&self->process->lock));
}

/* From entry.S: a system call was interrupted and can start again. It still counts. */
NOT_DIVERTED struct resume posix_signal_leave_restart(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();

	f->restart = self->signals.restart;
	f->restart_pc = self->signals.restart_pc;
	sigframe_set_pc(f, f->restart_pc - UK_SYSCALL_INSN_BYTES);
	if (self->thread->in_syscall == 1)
		return deliver(self, f, uk_spin_lock_irq(&self->process->lock));
	uk_shared_set(self->thread->in_syscall, self->thread->in_syscall - 1);
	return finish(f);
}

/* From entry.S: an interrupt or a trap sent the thread here. uk_irq_return_hook() has counted. */
NOT_DIVERTED struct resume posix_signal_after_divert(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();

	sigframe_fpu_save(f); /* all are live: before anything that may switch threads */
	sigframe_diverted(f, &self->signals);
	return deliver(self, f, uk_spin_lock_irq(&self->process->lock));
}

/* From entry.S: a handler has returned. */
NOT_DIVERTED struct resume posix_signal_return(struct sigframe *f)
{
	struct uk_task *self = uk_task_current();
	struct uk_task_signals *s = &self->signals;
	bool irq;

	/* What the handler has made of it, if that is possible: as by sigaltstack() in its place. */
	if (s->alt.size || !(f->uc.stack.flags & UK_SS_DISABLE))
		signal_set_alt(s, &f->uc.stack, (uintptr_t)f);
	/* As change_mask() does: what comes after the new mask is there interrupts us. */
	UK_WRITE_ONCE(s->blocked, f->uc.sigmask & ~SIG_UNBLOCKABLE);
	signal_fence();
	if (UK_LIKELY(signal_none_pending(self) && !s->have_saved))
		return finish(f);
	uk_shared_set(self->thread->in_syscall, self->thread->in_syscall + 1);
	irq = uk_spin_lock_irq(&self->process->lock);
	signal_set_mask(self, f->uc.sigmask);
	return deliver(self, f, irq);
}

void uk_syscall_set_restart(void (*handler)(void), void *pc)
{
	struct uk_task_signals *s = &uk_task_current()->signals;

	s->restart = handler;
	s->restart_pc = (uintptr_t)pc;
}
