/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Switching threads: yield, preemption, idle, and the start.
 *
 * On a single CPU there is no idle thread: with nothing to run it waits on the stack of the thread that
 * blocked last; if that one is the next to be ready, which is the usual case with few
 * threads, waking up costs no switch at all. (Several CPUs: cpus.c.)
 */
#include <uk/alloc.h>
#include <uk/assert.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/sched_switch.h>
#include "internal.h"

struct uksched_cpu uksched_cpus[UK_CPUS];
struct uk_spinlock uksched_clocks;

/* The menu's choice; declared in the provider's header, which the API cannot know. */
UK_API_BEGIN
struct uk_sched *UK_DEFAULT(create)(struct uk_alloc *a);
UK_API_END

struct uk_sched *uk_sched_create(struct uk_alloc *a)
{
	return UK_DEFAULT(create)(a);
}

void uk_sched_init(struct uk_sched *s, const struct uk_sched_ops *ops)
{
	*s = (struct uk_sched){ .ops = ops };
	uk_list_init(&s->threads);
	uk_lock_name(&s->lock, "scheduler");
}

#ifndef CONFIG_SMP
/* Wait for an interrupt and let its handlers run, which may make threads ready. */
static UK_NOINLINE void idle(struct uk_sched *s)
{
	struct uksched_cpu *cpu = uksched_cpu();
	uk_nsec start = uk_plat_clock_monotonic();

	uksched_clocks_change(cpu, uk_thread_current(), NULL);
	/* The current thread is blocked or gone: the handlers' return must not preempt it. */
	uk_percpu()->preempt_off++;
	uk_spin_release(&s->lock);
	if (uk_sched_will_idle)
		uk_sched_will_idle();
	uk_plat_idle();
	uk_irq_enable();
	uk_irq_disable();
	uk_spin_acquire(&s->lock);
	uk_percpu()->preempt_off--;
	cpu->idle += uk_plat_clock_monotonic() - start;
	uksched_clocks_change(cpu, NULL, uk_thread_current());
}
#endif

#ifdef CONFIG_LIBUKSCHED_CPUTIME
/* Without what was idle. */
void uk_sched_account(struct uk_thread *from, struct uk_thread *to)
{
	struct uksched_cpu *cpu = uksched_cpu();
	uk_nsec now = uk_plat_clock_monotonic() - cpu->idle;

	from->cputime += now - cpu->since;
	cpu->since = now;
	uksched_clocks_change(cpu, from, to);
}
#endif

void uksched_switch(struct uk_thread *next)
{
	uk_sched_switch(uk_thread_current(), next);
}

void uksched_leave(struct uk_sched *s)
{
	struct uk_thread *next;

#ifdef CONFIG_SMP
	bool missed;

	next = uk_sched_next(s);
	if (!next)
		next = uksched_steal(s, &missed);
	if (!next)
		next = s->idle;
#else
	while (UK_UNLIKELY(!(next = uk_sched_next(s))))
		idle(s);
#endif
	uk_sched_switch(uk_thread_current(), next);
}

void uk_sched_yield(void)
{
	uk_sched_yield_inline(uk_thread_current());
}

#ifdef CONFIG_SMP
static inline bool random_move(void)
{
#ifdef CONFIG_SMP_RANDOM
	return uk_smp_random() % 4 == 0;
#else
	return false;
#endif
}
#endif

void uk_sched_preempt(void)
{
	struct uk_thread *self = uk_thread_current();
	bool irq;
	struct uk_sched *s = uksched_lock_irq(self, &irq);
	struct uk_percpu *pc = uk_percpu();

	if (pc->resched && !pc->preempt_off && !pc->irq_depth) {
#ifdef CONFIG_SMP
		if (self == s->idle)
			pc->resched = 0; /* it looks by itself */
		else if (UK_UNLIKELY(!uk_cpuset_has(&self->cpus, s->cpu)) || random_move())
			uksched_switch(uk_sched_move_on(s, self));
		else
#endif
			uksched_switch(uk_sched_next(s));
	}
	uk_spin_release(&self->sched->lock);
	uk_irq_restore(irq);
}

uk_nsec uk_sched_idle_time(void)
{
	return uksched_cpu()->idle;
}

unsigned int uk_sched_thread_count(void)
{
	return uksched_home(uk_thread_current()->sched)->nthreads;
}

/* The code that boots becomes the first thread, on the stack it has. */
static int sched_start(void)
{
	struct uksched_cpu *cpu = uksched_cpu();
	struct uk_thread *t = uk_calloc(1, sizeof(*t));

#ifdef CONFIG_SMP
	if (!t || uksched_cpu_init(0))
		return -ENOMEM;
	cpu->sched->running = t;
	uk_cpuset_fill(&t->cpus);
#else
	cpu->sched = uk_sched_create(uk_heap);
	if (!t || !cpu->sched)
		return -ENOMEM;
#endif
	t->sched = cpu->sched;
	t->name = "main";
	t->ctx.tp = uk_arch_tp_get();
	uk_arch_ctx_choose_switch();
	uk_list_add_tail(&cpu->sched->threads, &t->all);
	cpu->sched->nthreads = 1;
	uk_percpu()->current = t;
	uksched_add(t->sched, t);
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	cpu->since = uk_plat_clock_monotonic();
#endif
	uk_preempt_hook = uk_sched_preempt;
	uk_percpu()->preempt_off = 0; /* boot had it off: there was nobody to switch to */
	return 0;
}
UK_INIT(UK_INIT_SCHED, "0", sched_start, NULL);
