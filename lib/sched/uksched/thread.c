/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads: create, exit, join, detach, and their attributes.
 *
 * A thread cannot free the stack it stands on. One that was joined is freed by the joiner; a
 * detached one is put on its CPU's list of the dead and freed by the next thread that is
 * created or exits there, so that at most one waits. That frees in a thread of its own accord, never
 * in one that was switched to at an arbitrary point and may hold locks.
 */
#include <uk/alloc.h>
#include <uk/assert.h>
#include <uk/cputimer.h>
#include <uk/errno.h>
#include <uk/plat/clock.h>
#include <uk/plat/mem.h>
#include <uk/sanitize.h>
#include <uk/stack.h>
#include <uk/waitq.h>
#include <uk/sched_switch.h>
#include "internal.h"

/* The first thing a new thread runs. The switch that led here had the scheduler locked. */
static void thread_start(void *arg)
{
	struct uk_thread *t = arg;

#ifdef CONFIG_SMP
	if (t->sched->leaving)
		uk_sched_part(t->sched);
#endif
	uk_spin_release(&t->sched->lock);
	uk_irq_enable();
	t->fn(t->arg);
	uk_thread_exit();
}

static void thread_free(struct uk_thread *t)
{
	struct uk_sched *s = uksched_home(t->sched);
	bool irq;

	if (t->release)
		t->release(t);
	irq = uk_spin_lock_irq(&s->lock);
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	uk_spin_acquire(&uksched_clocks);
	for (; t->cputimers; t->cputimers = t->cputimers->next)
		t->cputimers->started = false;
	uk_spin_release(&uksched_clocks);
#endif
	uk_list_del(&t->all);
	s->nthreads--;
	uk_spin_unlock_irq(&s->lock, irq);
	if (t->flags & UK_THREAD_OWN_STACK)
		uk_stack_free(t->stack, t->stack_size);
	uk_free(t);
}

/* With interrupts masked. */
static inline void bury(struct uk_thread *t)
{
	t->arg = uksched_cpu()->dead;
	uksched_cpu()->dead = t;
}

/* Free the detached threads that have exited on this CPU. */
static UK_NOINLINE void free_dead(void)
{
	struct uk_thread *t, *next;
	bool irq = uk_irq_save();

	t = uksched_cpu()->dead;
	uksched_cpu()->dead = NULL;
	uk_irq_restore(irq);
	for (; t; t = next) {
		next = t->arg;
		thread_free(t);
	}
}

static inline void reap(void)
{
	if (UK_READ_ONCE(uksched_cpu()->dead)) /* of which CPU does not matter */
		free_dead();
}

struct uk_thread *uk_thread_create(struct uk_sched *s, const char *name, void (*fn)(void *arg),
				   void *arg, const struct uk_thread_attr *attr)
{
	static const struct uk_thread_attr defaults;
	struct uk_thread *t, *self = uk_thread_current();
	struct uk_sched *home;
	bool irq;

	if (!attr)
		attr = &defaults;
	if (!s)
		s = self->sched;
	reap();
	t = uk_malloc(sizeof(*t) + attr->posix_size);
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t) + attr->posix_size);
	t->ctx.tp = attr->tp;
	t->sched = s;
	t->prio = attr->prio;
	t->policy = attr->policy;
	t->state = UK_THREAD_BLOCKED;
	t->flags = attr->flags;
	t->fn = fn;
	t->arg = arg;
	t->posix = attr->posix_size ? t + 1 : NULL;
	t->release = attr->release;
	t->name = name ? name : self->name;
	t->stack = attr->stack;
	t->stack_size = attr->stack_size;
	UK_ASSERT(!uk_sched_check_policy(s, t->policy, t->prio));
	if (t->stack) {
		uk_sanitize_stack(t->stack, t->stack_size, 0);
	} else {
		if (!t->stack_size)
			t->stack_size = CONFIG_LIBUKSCHED_STACK_SIZE;
		t->stack_size = UK_ALIGN_UP(t->stack_size, UK_PAGE_SIZE);
		t->stack = uk_stack_alloc(t->stack_size);
		if (!t->stack) {
			uk_free(t);
			return NULL;
		}
		t->flags |= UK_THREAD_OWN_STACK;
	}
	uk_arch_ctx_init(&t->ctx, (char *)t->stack + t->stack_size, thread_start, t);

#ifdef CONFIG_SMP
	t->cpus = self->cpus;
#endif
	home = uksched_home(s);
	irq = uk_spin_lock_irq(&home->lock);
	uk_list_add_tail(&home->threads, &t->all);
	home->nthreads++;
#ifdef CONFIG_SMP
	uk_spin_release(&home->lock);
	uk_spin_acquire(&s->lock);
#endif
	if (!(t->flags & UK_THREAD_SUSPENDED))
		s = uksched_ready(s, t, 0);
	uk_spin_unlock_irq(&s->lock, irq);
	return t;
}

void uk_thread_exit(void)
{
	struct uk_thread *t = uk_thread_current();
	struct uk_sched *s;

	reap();
	/*
	 * With interrupts masked nobody joins or reaps on this CPU before this stack is left; and on
	 * another one not before it is EXITED, with s locked until then.
	 */
	uk_irq_disable();
	s = t->sched;
#ifdef CONFIG_SMP
	uk_shared_set(t->state, UK_THREAD_EXITING);
#else
	uk_shared_set(t->state, UK_THREAD_EXITED);
#endif
	if (!(t->flags & UK_THREAD_DETACHED))
		uk_waitq_wake_all(&t->joiners);
	uk_spin_acquire(&s->lock);
#ifdef CONFIG_SMP
	uk_shared_set(t->state, UK_THREAD_EXITED);
#endif
	uksched_remove(s, t);
	if (t->flags & UK_THREAD_DETACHED)
		bury(t);
#ifdef CONFIG_SMP
	if (t->left)
		s->leaving = t; /* as long as interrupts are masked nobody frees it */
#endif
	uksched_leave(s);
	UK_BUG("an exited thread runs again");
}

static inline bool has_ended(const struct uk_thread *t)
{
	/* Once: between two looks it goes from EXITING to EXITED, and would be seen as neither. */
	uint8_t state = UK_READ_ONCE(t->state);

	return state == UK_THREAD_EXITED || state == UK_THREAD_EXITING;
}

/* A thread that has ended may still be on its stack, on another CPU, for a moment. */
static inline void wait_until_gone(const struct uk_thread *t UK_UNUSED)
{
#ifdef CONFIG_SMP
	bool irq, gone;

	do {
		struct uk_sched *s = uksched_lock_irq(t, &irq);

		gone = t->state == UK_THREAD_EXITED;
		uk_spin_unlock_irq(&s->lock, irq);
	} while (!gone);
#endif
}

int uk_thread_join(struct uk_thread *t, uk_nsec deadline)
{
	int err;

	if (t->flags & UK_THREAD_DETACHED)
		return -EINVAL;
	if (t == uk_thread_current())
		return -EDEADLK;
	err = UK_WAIT(&t->joiners, has_ended(t), deadline);
	if (!err) {
		wait_until_gone(t);
		thread_free(t);
	}
	return err;
}

int uk_thread_detach(struct uk_thread *t)
{
	struct uk_sched *s;
	bool irq, exited;

	if (t->flags & UK_THREAD_DETACHED)
		return -EINVAL;
	s = uksched_lock_irq(t, &irq);
	t->flags |= UK_THREAD_DETACHED;
	exited = uk_shared_get(t->state) == UK_THREAD_EXITED;
	uk_spin_unlock_irq(&s->lock, irq);
	if (exited)
		thread_free(t);
	return 0;
}

void uk_thread_set_tp(uintptr_t tp)
{
	bool irq = uk_irq_save();

	uk_thread_current()->ctx.tp = tp;
	uk_arch_tp_set(tp);
	uk_irq_restore(irq);
}

int uk_thread_set_policy(struct uk_thread *t, unsigned int policy, unsigned int prio)
{
	struct uk_thread *self = uk_thread_current();
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);
	/* In the run queue, that is: one that exits is until it is EXITED. */
	uint8_t state = uk_shared_get(t->state);
	bool runnable = state == UK_THREAD_RUNNABLE || state == UK_THREAD_EXITING;
	int err = uk_sched_check_policy(s, policy, prio);

	if (err)
		goto out;
	if (runnable)
		uksched_remove(s, t);
	t->policy = policy;
	t->prio = prio;
#ifdef CONFIG_SMP
	if (s->running == t)
		UK_WRITE_ONCE(s->running_prio, t->prio);
#endif
	if (runnable && uksched_add(s, t))
		uksched_kick(s);
	if (t == self) /* somebody else may be better now */
		uksched_switch(uk_sched_next(s));
#ifdef CONFIG_SMP
	else if (s->running == t)
		uksched_kick(s);
	s = t->sched;
#endif
out:
	uk_spin_unlock_irq(&s->lock, irq);
	return err;
}

uk_nsec uk_thread_cputime(const struct uk_thread *t UK_UNUSED)
{
#ifdef CONFIG_LIBUKSCHED_CPUTIME
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);
	uk_nsec time = uksched_cputime(t);

	uk_spin_unlock_irq(&s->lock, irq);
	return time;
#else
	return 0;
#endif
}
