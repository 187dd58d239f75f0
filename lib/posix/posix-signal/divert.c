/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals for a thread that makes no system calls, or none that looks for them: on its way back from an interrupt it is
 * sent to entry.S, which continues as after a system call, in thread context. An interrupt that a section with interrupts
 * masked held up has no such way back; there the section ends as a system call does. And faults, for which
 * the application may have handlers.
 */
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/preempt.h>
#include <uk/sched_ops.h>
#include <uk/print.h>
#include <uk/sanitize.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/timer.h>
#include <sigframe.h>
#include "internal.h"

#define RETRY_NSEC      (50 * UK_NSEC_PER_US)
#define RETRY_MAX       (10 * UK_NSEC_PER_MS)
#define ROOM_TO_DELIVER 512

/* entry.S */
void posix_signal_diverted(void);
void posix_signal_no_room(void);
uintptr_t posix_signal_full(uintptr_t sp);

#ifdef CONFIG_SMP
#define WAITS_NSEC UK_NSEC_PER_MS

/*
 * With several CPUs the sender's interrupt may find the thread where it cannot be diverted, or just miss it if it
 * is moved. So as long as a thread outside the kernel has not seen its mark, it is sent another;
 * one that waits for a CPU less often: it sees the mark when it runs again, in all cases but few.
 */
static struct uk_timer retries[UK_CPUS]; /* each started on its CPU only, ... */
static uk_nsec spans[UK_CPUS];           /* ... and when, at the earliest, after the one before */

/* How soon to look again whether t has seen its mark. lock */
static uk_nsec nudge(struct uk_task *t)
{
	struct uk_thread *thread = t->thread;

	bool runs = uk_sched_running(thread->sched) == thread;

	if (!uk_thread_interrupted(thread) || uk_shared_get(thread->state) != UK_THREAD_RUNNABLE ||
	    !signal_deliverable(t))
		return UK_NSEC_MAX;
	/* Inside the kernel it may have looked already, and be on its way to a handler. */
	if (uk_shared_get(thread->in_syscall))
		return runs ? RETRY_NSEC : UK_NSEC_MAX;
	uk_thread_interrupt(thread);
	return runs ? RETRY_NSEC : WAITS_NSEC;
}

static void retry_after(uk_nsec span, bool first);

/* Ever more slowly: see below. */
static void retry_fired(struct uk_timer *timer UK_UNUSED)
{
	struct uk_process *p = uk_process_current();
	uk_nsec soonest = UK_NSEC_MAX;
	struct uk_task *t;
	bool irq = uk_spin_lock_irq(&p->lock);

	uk_list_for_each(t, &p->tasks, node)
		soonest = UK_MIN(soonest, nudge(t));
	uk_spin_unlock_irq(&p->lock, irq);
	if (soonest != UK_NSEC_MAX)
		retry_after(soonest, false);
}

static void retry_after(uk_nsec span, bool first)
{
	bool irq = uk_irq_save();
	struct uk_timer *t = &retries[uk_cpu()];
	uk_nsec *least = &spans[uk_cpu()];

	t->fn = retry_fired;
	if (!uk_timer_pending(t)) {
		*least = first ? 0 : UK_MIN(2 * UK_MAX(*least, RETRY_NSEC), RETRY_MAX);
		uk_timer_start(t, uk_deadline(UK_MAX(span, *least)));
	}
	uk_irq_restore(irq);
}

void signal_retry(void)
{
	retry_after(RETRY_NSEC, true);
}

static inline void retry_stop(void)
{
	/* Others may need it. It fires once and finds out. */
}
#else
static void retry_fired(struct uk_timer *timer);
static struct uk_timer retry = UK_TIMER_INIT(retry_fired);
static uk_nsec span; /* to the next */

/*
 * The interrupt is what is wanted: its return calls the hook below. But that may find the moment wrong again, or, if
 * the thread was just about to leave the kernel, it has looked already. So this goes on until the thread has seen it, but
 * ever more slowly: where an interrupt takes as long as the time between two (a hypervisor that emulates the
 * clock), the thread would not get on.
 */
static void retry_fired(struct uk_timer *timer)
{
	struct uk_thread *t = uk_thread_current();

	if (t && t->posix && t->state == UK_THREAD_RUNNABLE && uk_thread_interrupted(t)) {
		span = UK_MIN(2 * span, RETRY_MAX);
		uk_timer_start(timer, uk_deadline(span));
	}
}

void signal_retry(void)
{
	if (uk_timer_pending(&retry))
		return;
	span = RETRY_NSEC;
	uk_timer_start(&retry, uk_deadline(span));
}

static inline void retry_stop(void)
{
	uk_timer_stop(&retry);
}
#endif

/* The code of all handlers of system calls, put together by the link. */
extern const char uk_sys_text_start[] __attribute__((__visibility__("hidden")));
extern const char uk_sys_text_end[] __attribute__((__visibility__("hidden")));

/*
 * In the first instructions of a handler, before it counts itself as begun. A handler of the
 * application that ran here would find neither the application's code nor an interrupted call: a
 * request for cancellation would be noted for later, and then the call would block.
 */
static bool is_entering(const struct uk_regs *regs)
{
	return uk_regs_pc(regs) - (uintptr_t)uk_sys_text_start <
	       (uintptr_t)uk_sys_text_end - (uintptr_t)uk_sys_text_start;
}

/* Registers are those of code of the application: it may be sent elsewhere. */
static bool is_outside(const struct uk_thread *t)
{
	return t && t->posix && !t->in_syscall;
}

/*
 * The stack on which `sig` shall be handled is used from the first instruction on: the present one
 * may be what overflowed, or be as small as those of a language's own light threads.
 */
static uintptr_t stack_for(const struct uk_task *task, int sig, uintptr_t sp)
{
	const struct uk_abi_sigaction *act = &task->process->signals.action[sig - 1];
	const struct uk_task_signals *s = &task->signals;

	if ((act->flags & UK_SA_ONSTACK) && s->alt.size && !signal_on_alt(s, sp))
		return (uintptr_t)s->alt.sp + s->alt.size;
	return sp;
}

/* Would a frame at `sp` cross the lower end of the alternate stack? */
static bool is_full(const struct uk_task_signals *s, uintptr_t sp)
{
	/* Beside the frame: how deep the code goes that fills it in. */
	size_t need = sigframe_room() + SIGFRAME_REDZONE + ROOM_TO_DELIVER;

	return sp - (uintptr_t)s->alt.sp - 1 < s->alt.size && sp - (uintptr_t)s->alt.sp < need;
}

/* From entry.S: 0, or the stack on which to end, since the present one is full. */
UK_SECTION(".text.uk_sys_signal") uintptr_t posix_signal_full(uintptr_t sp)
{
	struct uk_task *task = uk_task_current();

	if (UK_LIKELY(!task || !is_full(&task->signals, sp)))
		return 0;
	return (uintptr_t)task->signals.alt.sp + task->signals.alt.size;
}

/* From now on t counts as inside a system call, until posix_signal_after_divert() is through. */
static inline void keep_inside(struct uk_thread *t)
{
	uk_shared_set(t->in_syscall, t->in_syscall + 1);
}

/* After keep_inside(). */
static void divert(struct uk_thread *t, struct uk_regs *regs, int sig)
{
	struct uk_task *task = t->posix;
	struct uk_task_signals *s = &task->signals;
	uintptr_t sp = stack_for(task, sig, uk_regs_sp(regs));
	bool room = !is_full(s, sp);

	if (sp != uk_regs_sp(regs)) /* the last handler may have left it by longjmp() */
		uk_sanitize_stack((void *)s->alt.sp, s->alt.size, uk_regs_sp(regs));
	retry_stop();
	sigframe_divert(regs, s, room ? sp : (uintptr_t)s->alt.sp + s->alt.size,
			room ? posix_signal_diverted : posix_signal_no_room);
}

static inline void nothing_left(struct uk_task *task)
{
#ifdef CONFIG_SMP
	/* Somebody may be sending the next. */
	bool irq = uk_spin_lock_irq(&task->process->lock);

	if (!signal_deliverable(task))
		uk_thread_interrupt_clear(task->thread);
	uk_spin_unlock_irq(&task->process->lock, irq);
	if (uk_thread_interrupted(task->thread))
		signal_retry();
#else
	uk_thread_interrupt_clear(task->thread);
#endif
}

void uk_irq_return_hook(struct uk_regs *regs)
{
	struct uk_thread *t = uk_thread_current();
	struct uk_task *task;
	int sig;

	if (!is_outside(t) || !uk_thread_interrupted(t))
		return;
	task = t->posix;
	sig = signal_next(task, ~task->signals.blocked);
	/* In a section of the allocator, say. It ends soon, but nobody tells. */
	if (uk_this_cpu_get(preempt_off) || (regs && is_entering(regs))) {
		signal_retry();
	} else if (!sig) {
		nothing_left(task); /* another thread has taken it */
	} else if (!regs) {
		uk_syscall_leave_slow(0); /* a function like any other: it returns here */
	} else {
		keep_inside(t);
		divert(t, regs, sig);
	}
}

/* The signal of a fault, with its si_code and address; 0: none. */
static int fault_signal(const struct uk_trap_info *info, const struct uk_regs *regs,
			struct uk_sigentry *e)
{
	static const struct {
		uint8_t sig, code;
	} map[] = {
		[UK_TRAP_PAGE] = { UK_SIGSEGV, UK_SEGV_MAPERR },
		[UK_TRAP_PROTECTION] = { UK_SIGSEGV, UK_SI_KERNEL },
		[UK_TRAP_ALIGNMENT] = { UK_SIGBUS, UK_BUS_ADRALN },
		[UK_TRAP_INSTRUCTION] = { UK_SIGILL, SIGFRAME_ILL_CODE },
		[UK_TRAP_ARITHMETIC] = { UK_SIGFPE, UK_FPE_INTDIV },
		[UK_TRAP_FLOAT] = { UK_SIGFPE, 0 },
		[UK_TRAP_BREAKPOINT] = { UK_SIGTRAP, SIGFRAME_BREAK_CODE },
		[UK_TRAP_DEBUG] = { UK_SIGTRAP, UK_TRAP_TRACE },
		[UK_TRAP_BUS] = { UK_SIGBUS, UK_BUS_ADRERR },
	};

	if (info->cause >= UK_ARRAY_SIZE(map) || !map[info->cause].sig)
		return 0;
	e->sig = map[info->cause].sig;
	e->code = map[info->cause].code;
	if (info->cause == UK_TRAP_PAGE && (info->access & (UK_TRAP_PRESENT | UK_TRAP_DENIED)))
		e->code = UK_SEGV_ACCERR;
	if (info->cause == UK_TRAP_FLOAT)
		e->code = sigframe_float_code(regs);
	/* As Linux: the CPU does not tell the address of these. */
	e->value = e->code == UK_SI_KERNEL ? 0 : info->addr;
	e->keep = true;
	return e->sig;
}

/* Has a handler used up its stack? The fault lies in the page below, which is why there is one. */
static bool is_below_alt(const struct uk_task_signals *s, const struct uk_trap_info *info,
			 const struct uk_regs *regs)
{
	uintptr_t below = (uintptr_t)s->alt.sp - UK_PAGE_SIZE;

	return info->cause == UK_TRAP_PAGE && s->alt.size && info->addr - below < UK_PAGE_SIZE &&
	       uk_regs_sp(regs) - below < 2 * UK_PAGE_SIZE;
}

bool uk_trap_hook(const struct uk_trap_info *info, struct uk_regs *regs)
{
	struct uk_thread *t = uk_thread_current();
	struct uk_task *task;
	struct uk_task_signals *s;
	uintptr_t handler;
	int sig;

	if (!is_outside(t) || uk_this_cpu_get(preempt_off) || uk_irq_disabled())
		return false;
	task = t->posix;
	s = &task->signals;
	if (uk_queue_linked(&s->fault.node) || !(sig = fault_signal(info, regs, &s->fault)))
		return false;
	handler = task->process->signals.action[sig - 1].handler;
	if (handler == UK_SIG_DFL || handler == UK_SIG_IGN || (s->blocked & UK_SIGBIT(sig))) {
		if (is_below_alt(s, info, regs))
			uk_pr_err("stack overflow: the alternate stack of a signal's handler is "
				  "full");
		return false; /* nobody catches it: the crash report is the better end */
	}
	sigframe_note_fault(s, info, regs);
	/* Interrupts are open: none of them may deliver it with the registers that we have here. */
	keep_inside(t);
	uk_signal_send_entry(task->process, task->tid, &s->fault);
	divert(t, regs, sig);
	return true;
}
