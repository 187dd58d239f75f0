/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch of threads and the yield, in place: for sched.c, and for the system call sched_yield(),
 * which does nothing else. All others call the functions of uk/sched.h.
 */
#ifndef UK_SCHED_SWITCH_H
#define UK_SCHED_SWITCH_H

#include <uk/assert.h>
#include <uk/atomic.h>
#include <uk/config.h>
#include <uk/irq.h>
#include <uk/sched_ops.h>

UK_API_BEGIN
#ifdef CONFIG_LIBUKSCHED_CPUTIME
/* The time since the last switch was `from`'s, and `to` runs next. With their scheduler locked. */
void uk_sched_account(struct uk_thread *from, struct uk_thread *to);
#endif
#ifdef CONFIG_SMP
/*
 * The thread that has just been switched away from goes to another CPU, or has exited and somebody is to
 * be told. With s locked, and so again.
 */
void uk_sched_part(struct uk_sched *s);
/* The running thread may not run on this CPU any more: instead of a switch. With s locked. */
struct uk_thread *uk_sched_move_on(struct uk_sched *s, struct uk_thread *self);
#endif
UK_API_END

/*
 * The whole of a switch. With the scheduler of both locked; after uk_arch_ctx_switch() this is the
 * thread that was switched to, in the call with which it once gave up the CPU.
 */
static UK_ALWAYS_INLINE void uk_sched_switch(struct uk_thread *self, struct uk_thread *next)
{
#ifdef CONFIG_LIBUKSCHED_PREEMPT
	uk_this_cpu_set(resched, 0); /* next is the best there is */
#endif
	if (next == self)
		return;
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_sched_account(self, next);
#endif
	uk_this_cpu_set(current, next);
#ifdef CONFIG_SMP
	UK_WRITE_ONCE(next->sched->running, next);
	UK_WRITE_ONCE(next->sched->running_prio, next->prio);
	uk_arch_ctx_switch(&self->ctx, &next->ctx);
	if (UK_UNLIKELY(self->sched->leaving)) /* on which CPU we may be now, that is */
		uk_sched_part(self->sched);
#else
	uk_arch_ctx_switch(&self->ctx, &next->ctx);
#endif
}

/* uk_sched_yield(), of the running thread. */
static UK_ALWAYS_INLINE void uk_sched_yield_inline(struct uk_thread *self)
{
	uk_lock_may_sleep();
	UK_ASSERT(!uk_this_cpu_get(preempt_off) && !uk_irq_disabled() && !uk_in_irq());
	uk_irq_disable();
	uk_spin_acquire(&self->sched->lock);
#ifdef CONFIG_SMP
	if (UK_UNLIKELY(!uk_cpuset_has(&self->cpus, self->sched->cpu)))
		uk_sched_switch(self, uk_sched_move_on(self->sched, self));
	else
#endif
		uk_sched_switch(self, uk_sched_rotate(self->sched, self));
	uk_spin_release(&self->sched->lock);
	uk_irq_enable();
}

#endif
