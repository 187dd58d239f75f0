/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of an interrupt behind the entry code: it is dispatched, and may end in a switch of threads.
 * A part of each architecture's trap.c, which defines IRQ_NOTED(): which interrupt a note in irq_pending is; and with several
 * CPUs IRQ_LATER: what is there if nothing has come, but interrupts to other CPUs were withheld. An interrupt that comes takes its place.
 * It may define REGS_PUT() and REGS_TAKE(): what is to be done with the registers of a thread before and after others run.
 */
#ifndef ARCH_DISPATCH_H
#define ARCH_DISPATCH_H

#include <uk/arch/ctx.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/percpu.h>
#include <uk/plat/trap.h>

/*
 * Handlers run masked, as if by uk_irq_disable(), and with the hardware's interrupts off as well.
 */
static void dispatch(struct uk_percpu *c, unsigned vector)
{
	c->irq_off = 1;
	c->irq_depth++;
	ARCH(irq_dispatch)(vector);
	c->irq_depth--;
#ifdef CONFIG_SMP
	if (UK_UNLIKELY(c->irq_pending)) { /* it can be nothing else here */
		c->irq_pending = 0;
		ARCH(irq_withheld)();
	}
#endif
	UK_BARRIER();
	c->irq_off = 0;
}

/* Is a switch due, and allowed? Never, where no scheduler preempts. */
static inline bool switch_due(const struct uk_percpu *c UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	return c->resched && !c->preempt_off;
#else
	return false;
#endif
}

/* With the hardware's interrupts off. Whether there was an interrupt: what was withheld is none. */
static bool replay_one(struct uk_percpu *c)
{
	uint32_t noted = c->irq_pending;

	c->irq_pending = 0; /* no other can arrive: the hardware has been off since it was noted */
#ifdef CONFIG_SMP
	ARCH(irq_withheld)();
	if (!noted || noted == IRQ_LATER)
		return false;
#endif
	dispatch(c, IRQ_NOTED(noted));
	return true;
}

/*
 * Let a better thread run, if one is ready. Called and returns with the hardware's interrupts off.
 * What arrives during the switch is noted instead of taken: so interrupts do not pile up on the
 * stack of a thread that is switched to and at once interrupted again. Returns the data of the CPU on
 * which the thread goes on.
 */
static struct uk_percpu *reschedule(struct uk_percpu *c)
{
	if (!switch_due(c))
		return c;
	c->irq_off = 1;
	ARCH(irq_open)();
	uk_sched_preempt();
	ARCH(irq_close)();
	c = uk_percpu();
	c->irq_off = 0;
	return c;
}

UK_WEAK void uk_plat_irq_replay(void)
{
	struct uk_percpu *c = uk_percpu();
	bool came = false;

#ifdef CONFIG_SMP
	ARCH(irq_close)(); /* if nothing has come, and one was to be sent, it is open still */
	c = uk_percpu();
#endif
	do {
		came |= replay_one(c);
		c = reschedule(c);
	} while (c->irq_pending); /* noted during the switch */
	ARCH(irq_open)();
	if (came)
		uk_irq_return_hook(NULL);
}

/*
 * Let another thread run in the middle of this one. Kernel code leaves vector registers alone, so
 * they still hold the interrupted code's.
 */
static UK_NOINLINE void preempt(struct uk_percpu *c)
{
	void *area = __builtin_alloca_with_align(uk_arch_fpu_size, 8 * UK_ARCH_FPU_ALIGN);

	uk_arch_fpu_save(area);
	for (;;) {
		c = reschedule(c);
		if (!c->irq_pending)
			break;
		replay_one(c);
	}
	uk_arch_fpu_restore(area);
}

#ifndef REGS_PUT
#define REGS_PUT(r)
#define REGS_TAKE(r)
#endif

void ARCH(irq)(struct uk_regs *r, unsigned vector)
{
	struct uk_percpu *c = uk_percpu();

#ifdef CONFIG_SMP
	c->irq_regs = r; /* should this CPU be told to stop: where it was */
#endif
	dispatch(c, vector);
#ifdef CONFIG_SMP
	c->irq_regs = NULL;
#endif
	if (switch_due(c)) {
		REGS_PUT(r);
		preempt(c);
		REGS_TAKE(r);
	}
	uk_irq_return_hook(r);
}

#endif
