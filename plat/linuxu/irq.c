/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals are interrupts.
 *
 * Masking is uk_percpu()->irq_off, as everywhere; the host's signal mask is the "hardware's" mask.
 * It is closed, that is, both signals are blocked, exactly
 *	- while a handler runs (by sa_mask), and
 *	- while irq_pending is not 0: a handler that found irq_off set, notes its source and closes the
 *	  mask of the code it returns to, so that a storm of signals costs one handler per section.
 *	  (LINUXU_IRQ_LATER does not count: that is ours, not the host's.)
 * uk_irq_enable() sees the note and calls the replay, which opens the mask again.
 *
 * In the second case signals that ask for the end still come: a CPU that never enables interrupts again
 * shall not keep the process alive (linuxu_stop_note()). So irq_pending is changed by one instruction
 * each, and who has handled what was noted looks once more for LINUXU_IRQ_STOP.
 *
 * Handlers run on the stack of the thread they interrupt, below the frame in which the host
 * has saved all its registers, vector state included. So preemption is a call of the scheduler
 * from the handler: the thread's registers rest in its own frame until it is switched to again and
 * returns from its handler.
 */
#include <uk/atomic.h>
#include <uk/irq.h>
#include <uk/plat/cpu.h>
#include <uk/plat/irq.h>
#include <uk/plat/trap.h>

#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "ipi.h"
#include "linuxu.h"
#include "regs.h"

#define STOP_SIGNALS                                                                               \
	(HOST_SIGBIT(HOST_SIGTERM) | HOST_SIGBIT(HOST_SIGINT) | HOST_SIGBIT(HOST_SIGHUP))
#define DEVICE_SIGNALS (HOST_SIGBIT(HOST_SIGIO) | STOP_SIGNALS)
#ifdef CONFIG_SMP
#define CPU_SIGNALS (HOST_SIGBIT(HOST_SIGALRM) | HOST_SIGBIT(HOST_SIGURG))
#else
#define CPU_SIGNALS HOST_SIGBIT(HOST_SIGALRM)
#endif
#define ALL_SIGNALS (DEVICE_SIGNALS | CPU_SIGNALS)

/* What this CPU takes: devices are the first one's. */
#define IRQ_SIGNALS (uk_cpu() ? CPU_SIGNALS : ALL_SIGNALS)

/* Is the host's mask closed because something was noted? */
static inline bool noted(const struct uk_percpu *cpu)
{
#ifdef CONFIG_SMP
	return cpu->irq_pending & ~LINUXU_IRQ_LATER;
#else
	return cpu->irq_pending;
#endif
}

/* Of uksched; arch has an empty one for images without. */
void uk_sched_preempt(void) __attribute__((__visibility__("default")));

#ifdef CONFIG_PLAT_LINUXU_WATCH
static struct linuxu_watch *watches;

void linuxu_watch_add(struct linuxu_watch *w)
{
	w->next = watches;
	watches = w;
}

static void watches_fired(void)
{
	for (const struct linuxu_watch *w = watches; w; w = w->next)
		w->fired();
}
#endif

/* Runs what is noted. The mask is closed, irq_off is set. */
static void run_pending(struct uk_percpu *cpu)
{
	uint32_t pending = __atomic_exchange_n(&cpu->irq_pending, 0, __ATOMIC_RELAXED);

	cpu->irq_depth++;
	if (pending & LINUXU_IRQ_TIMER)
		linuxu_timer_fired();
	if (pending & LINUXU_IRQ_INPUT) {
		linuxu_input_fired();
#ifdef CONFIG_PLAT_LINUXU_WATCH
		watches_fired();
#endif
	}
	if (pending & LINUXU_IRQ_STOP)
		linuxu_stop_fired();
#ifdef CONFIG_SMP
	if (pending & LINUXU_IRQ_CPU)
		uk_smp_interrupt();
	if (pending & LINUXU_IRQ_LATER)
		plat_ipi_withheld();
#endif
	cpu->irq_depth--;
}

/*
 * Runs what is noted, and lets a better thread run if that made one ready. Called and returns with
 * the mask closed and irq_off set; nothing is noted any more.
 */
static void handle(struct uk_percpu *cpu)
{
	for (;;) {
		run_pending(cpu);
#ifdef CONFIG_SMP
		cpu->irq_regs = NULL; /* what follows is replayed */
#endif
		if (UK_LIKELY(!cpu->resched) || cpu->preempt_off)
			return;
		/*
		 * Whoever runs next opens the mask by this note when it enables interrupts. Opened
		 * here, signals could pile up their frames on this stack before it is switched away.
		 */
		__atomic_fetch_or(&cpu->irq_pending, LINUXU_IRQ_NONE, __ATOMIC_RELAXED);
		uk_sched_preempt();
		cpu = uk_percpu(); /* it may be another CPU by now */
		if (!noted(cpu))   /* the note is used up: the mask is open */
			host_sigprocmask(HOST_SIG_BLOCK, IRQ_SIGNALS, NULL);
		if (!(cpu->irq_pending & ~LINUXU_IRQ_NONE))
			break;
	}
	__atomic_fetch_and(&cpu->irq_pending, ~LINUXU_IRQ_NONE, __ATOMIC_RELAXED);
}

/* The same, with irq_off as it was found: clear. */
static void handle_all(struct uk_percpu *cpu)
{
	do {
		cpu->irq_off = 1;
		handle(cpu);
		cpu = uk_percpu();
		cpu->irq_off = 0;
	} while (UK_UNLIKELY(UK_READ_ONCE(cpu->irq_pending) & LINUXU_IRQ_STOP));
}

static uint32_t source_of(int sig)
{
	switch (sig) {
	case HOST_SIGALRM:
		return LINUXU_IRQ_TIMER;
	case HOST_SIGIO:
		return LINUXU_IRQ_INPUT;
#ifdef CONFIG_SMP
	case HOST_SIGURG:
		return LINUXU_IRQ_CPU;
#endif
	}
	linuxu_stop_note(sig);
	return LINUXU_IRQ_STOP;
}

/*
 * A thread that was preempted in its handler may return from it on another CPU: with that one's mask,
 * trap stack and data, which the frame would set to what they were on the first.
 */
static void adopt_frame(struct host_ucontext *uc UK_UNUSED)
{
#ifdef CONFIG_SMP
	uint32_t cpu = uk_cpu();

	uc->sigmask &= ~ALL_SIGNALS;
	if (cpu)
		uc->sigmask |= DEVICE_SIGNALS;
	uc->stack.sp = linuxu_trap_stack[cpu];
	linuxu_arch_adopt(uc);
#endif
}

static void on_signal(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	struct uk_percpu *cpu = uk_percpu();
	struct uk_regs regs;

	cpu->irq_pending |= source_of(sig);
	if (cpu->irq_off) {
		uc->sigmask |= IRQ_SIGNALS & ~STOP_SIGNALS;
#ifdef CONFIG_SMP
		linuxu_cpu_stay();
#endif
		return;
	}
#ifdef CONFIG_SMP
	cpu->irq_regs = uc;
#endif
	handle_all(cpu);
	adopt_frame(uc);
	linuxu_regs_from_host(&regs, uc);
	uk_irq_return_hook(&regs); /* does not switch threads */
	linuxu_regs_to_host(&regs, uc);
	/* The return opens the mask: it was open where the signal came. */
}

#ifdef CONFIG_SMP
/*
 * The usual case where CPUs wake each other: there are others to interrupt, the host has noted nothing, and
 * its mask stays open. Returns whether that was all, with interrupts open.
 */
static bool replay_withheld(void)
{
	uint32_t only = LINUXU_IRQ_LATER;

	uk_irq_disable(); /* up to here a signal may have come, seen to all, and even moved us */
	if (__atomic_compare_exchange_n(&uk_percpu()->irq_pending, &only, 0, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		plat_ipi_withheld();
	return !uk_arch_irq_flag_clear();
}
#endif

void uk_plat_irq_replay(void)
{
#ifdef CONFIG_SMP
	if (replay_withheld())
		return;
#endif
	handle_all(uk_percpu());
	host_sigprocmask(HOST_SIG_UNBLOCK, IRQ_SIGNALS, NULL);
	uk_irq_return_hook(NULL);
}

/* What idle watches besides signals: devices are the first CPU's. */
static unsigned inputs(struct host_pollfd *fds)
{
	unsigned n = 0;

	if (uk_cpu())
		return 0;
	fds[0] = (struct host_pollfd){ linuxu_input_fd(), HOST_POLLIN, 0 };
	n = fds[0].fd >= 0;
#ifdef CONFIG_PLAT_LINUXU_WATCH
	for (const struct linuxu_watch *w = watches; w; w = w->next)
		if (uk_shared_get(w->wanted))
			fds[n++] = (struct host_pollfd){ w->fd, HOST_POLLIN, 0 };
#endif
	return n;
}

uint32_t linuxu_idles;

void uk_plat_idle(void)
{
	struct uk_percpu *cpu = uk_percpu();
	struct host_pollfd fds[1 + LINUXU_WATCHES];
	unsigned n;
	uint64_t mask;

	if (cpu->irq_pending)
		return;
	n = inputs(fds);
#ifdef CONFIG_SMP
	if (!n) {
		linuxu_cpu_sleep();
		return;
	}
#endif
	/*
	 * Between the test and the wait a signal must not slip through: close the mask, look again,
	 * and let ppoll() open it for exactly as long as it waits. The handler notes the source,
	 * since irq_off is set.
	 */
	host_sigprocmask(HOST_SIG_BLOCK, IRQ_SIGNALS, &mask);
	if (!cpu->irq_pending) {
		mask &= ~IRQ_SIGNALS;
		linuxu_idles++;
		if (host_ppoll(fds, n, NULL, &mask) > 0)
			cpu->irq_pending |= LINUXU_IRQ_INPUT;
	}
	if (!cpu->irq_pending) /* some other signal: stopped and continued, a debugger */
		host_sigprocmask(HOST_SIG_UNBLOCK, IRQ_SIGNALS, NULL);
}

void linuxu_irq_attach(int sig)
{
	/* No SA_RESTART: a write that waits for a slow reader must let a preemption happen. */
	host_signal(sig, on_signal, 0, ALL_SIGNALS);
	/* Our parent may have left it blocked. */
	if (!noted(uk_percpu()))
		host_sigprocmask(HOST_SIG_UNBLOCK, HOST_SIGBIT(sig), NULL);
}

#ifdef CONFIG_SMP
/* What the creator had open may be closed here, for good or for now, and is not the host's affair. */
void linuxu_irq_cpu(void)
{
	host_sigprocmask(HOST_SIG_BLOCK, DEVICE_SIGNALS, NULL);
	host_sigprocmask(HOST_SIG_UNBLOCK, CPU_SIGNALS, NULL);
}
#endif

int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg)
{
	return -EINVAL; /* there are no lines: a process has no devices */
}
