/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch of threads and the yield, in place: for sched.c, and for the system call sched_yield(),
 * which does nothing else. All others call the functions of uk/sched.h.
 */
#ifndef UK_SCHED_SWITCH_H
#define UK_SCHED_SWITCH_H

#include <uk/assert.h>
#include <uk/config.h>
#include <uk/irq.h>
#include <uk/sched_ops.h>

#ifdef CONFIG_LIBUKSCHED_CPUTIME
UK_API_BEGIN
/* The time since the last switch was `from`'s, and `to` runs next. With their scheduler locked. */
void uk_sched_account(struct uk_thread *from, struct uk_thread *to);
UK_API_END
#endif

/*
 * The whole of a switch. With the scheduler of both locked; after uk_arch_ctx_switch() this is the
 * thread that was switched to, in the call with which it once gave up the CPU.
 */
static UK_ALWAYS_INLINE void uk_sched_switch(struct uk_thread *self, struct uk_thread *next)
{
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	uk_percpu()->resched = 0; /* next is the best there is */
#endif
	if (next == self)
		return;
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_sched_account(self, next);
#endif
	uk_percpu()->current = next;
	uk_arch_ctx_switch(&self->ctx, &next->ctx);
}

/* uk_sched_yield(), of the running thread. */
static UK_ALWAYS_INLINE void uk_sched_yield_inline(struct uk_thread *self)
{
	UK_ASSERT(!uk_percpu()->preempt_off && !uk_irq_disabled() && !uk_in_irq());
	uk_irq_disable();
	uk_spin_acquire(&self->sched->lock);
	uk_sched_switch(self, uk_sched_rotate(self->sched, self));
	uk_spin_release(&self->sched->lock);
	uk_irq_enable();
}

#endif
