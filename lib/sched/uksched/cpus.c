/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several CPUs: starting them, what they do when there is nothing to do, and which thread runs where.
 *
 * A thread that wakes up goes to the CPU on which it ran last if that is idle, else to any other idle
 * one that it may use, else it waits for its own. A CPU that runs out of threads takes one from
 * where two or more wait. A preemptive scheduler's tick evens out what that leaves. So threads that
 * keep blocking stay near their caches, and no CPU idles while another has threads to spare.
 *
 * That last is kept by both sides: an idle CPU first says so in a set and then looks for threads to
 * take; who leaves a thread waiting first counts it and then looks at the set. Whoever finds an idle CPU
 * takes it out of the set, so that the next one finds another; it puts itself back.
 *
 * Each CPU has an idle thread, which is in no run queue. On a single CPU the thread that blocked last
 * does the waiting, on its own stack; here that thread may be woken up by another CPU, and
 * needs its stack.
 */
#include <uk/alloc.h>
#include <uk/arch/relax.h>
#include <uk/assert.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/clock.h>
#include <uk/plat/cpu.h>
#include <uk/print.h>
#include <uk/sched_switch.h>
#include <uk/stack.h>
#include <uk/timer.h>
#include "internal.h"

UK_PARAM_UINT(smp, cpus, 0, "how many CPUs to use; 0: all, as far as the image allows");

#define POLL_NSEC (CONFIG_LIBUKSCHED_IDLE_POLL * 1000UL)
#define SKIP_MAX  255U

static struct uk_cpuset idle_cpus UK_CPU_ALIGNED;

static void set_idle(uint32_t cpu)
{
	__atomic_fetch_or(&idle_cpus.bits[cpu / 64], UK_BIT(cpu % 64), __ATOMIC_SEQ_CST);
}

/* Takes `cpu` out of the set. True if it was in it. */
static bool claim(uint32_t cpu)
{
	uint64_t bit = UK_BIT(cpu % 64);

	return uk_cpuset_has(&idle_cpus, cpu) &&
	       __atomic_fetch_and(&idle_cpus.bits[cpu / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* ---- placing ---- */

/* Claims an idle CPU of t's; -1 if there is none. */
static int claim_idle(const struct uk_thread *t)
{
	for (unsigned i = 0; i < UK_CPUSET_WORDS; i++) {
		uint64_t word;

		while ((word = UK_READ_ONCE(idle_cpus.bits[i]) & t->cpus.bits[i])) {
			uint32_t cpu = i * 64 + uk_ctz(word);

			if (claim(cpu))
				return (int)cpu;
		}
	}
	return -1;
}

/* Where a thread runs that t can preempt, the least important of those; else t's own CPU. */
static struct uk_sched *find_lower(const struct uk_thread *t)
{
	struct uk_sched *best = NULL;
	uint32_t n = uk_smp_cpus();
	unsigned least = t->prio;

	for (uint32_t i = 0; i < n; i++) {
		struct uk_sched *s = uksched_cpus[(t->sched->cpu + i) % n].sched;
		unsigned prio = UK_READ_ONCE(s->running_prio);

		if (!uk_cpuset_has(&t->cpus, s->cpu))
			continue;
		if (!best || prio < least) {
			best = s;
			least = UK_MIN(prio, least);
		}
	}
	return best;
}

/* Now and then: any that it may use. */
static struct uk_sched *random_place(const struct uk_thread *t UK_UNUSED)
{
#ifdef CONFIG_SMP_RANDOM
	uint32_t r = uk_smp_random(), cpu = r / 4 % uk_smp_cpus();

	if (r % 4 == 0 && uk_cpuset_has(&t->cpus, cpu))
		return uksched_cpus[cpu].sched;
#endif
	return NULL;
}

struct uk_sched *uksched_place(const struct uk_thread *t)
{
	struct uk_sched *last = t->sched, *any = random_place(t);
	bool allowed = uk_cpuset_has(&t->cpus, last->cpu);
	int cpu;

	if (any)
		return any;
	if (allowed && claim(last->cpu))
		return last;
	cpu = claim_idle(t);
	if (cpu >= 0)
		return uksched_cpus[cpu].sched;
	return allowed && !t->prio ? last : find_lower(t);
}

struct uk_sched *uksched_go(struct uk_sched *s, struct uk_thread *t, struct uk_sched *d)
{
	for (;;) {
		uk_shared_set(t->state, UK_THREAD_WAKING);
		UK_WRITE_ONCE(t->sched, d);
		uk_spin_release(&s->lock);
		uk_spin_acquire(&d->lock);
		if (UK_LIKELY(uk_cpuset_has(&t->cpus, d->cpu)))
			return d;
		s = d; /* the set was changed meanwhile */
		d = uksched_place(t);
		if (s->running == s->idle)
			uksched_kick(s); /* it was claimed, perhaps: it looks itself */
	}
}

/* t, which was added to s, has to wait there, it seems: has an idle CPU fetch it. */
void uksched_offer(const struct uk_thread *t)
{
	int cpu;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cpu = claim_idle(t);
	if (cpu >= 0)
		uk_smp_kick((uint32_t)cpu);
}

/* t is runnable on s, which is locked. */
static void arrive(struct uk_sched *s, struct uk_thread *t)
{
	uk_shared_set(t->state, UK_THREAD_RUNNABLE);
	if (uksched_add(s, t) || s->running == s->idle)
		uksched_kick(s);
	if (s->running != s->idle)
		uksched_offer(t);
}

void uk_sched_part(struct uk_sched *s)
{
	struct uk_thread *t = s->leaving;
	struct uk_sched *d;

	s->leaving = NULL;
	if (t->state == UK_THREAD_EXITED) {
		uk_spin_release(&s->lock);
		t->left(t);
		uk_spin_acquire(&s->lock);
		return;
	}
	d = uksched_go(s, t, uksched_place(t));
	arrive(d, t);
	uk_spin_release(&d->lock);
	uk_spin_acquire(&s->lock);
}

struct uk_thread *uk_sched_move_on(struct uk_sched *s, struct uk_thread *self)
{
	struct uk_thread *next;

	uksched_remove(s, self);
	uk_shared_set(self->state, UK_THREAD_WAKING);
	s->leaving = self;
	next = uk_sched_next(s);
	return next ? next : s->idle;
}

/* From v, which is locked, to s, which is too. */
static struct uk_thread *take(struct uk_sched *v, struct uk_sched *s)
{
	struct uk_thread *t = uk_sched_spare(v, s->cpu);

	if (t) {
		uksched_remove(v, t);
		UK_WRITE_ONCE(t->sched, s);
		uksched_add(s, t);
	}
	return t;
}

struct uk_thread *uksched_steal(struct uk_sched *s, bool *missed)
{
	uint32_t n = uk_smp_cpus();

	*missed = false;
	for (uint32_t i = 1; i < n; i++) {
		struct uk_sched *v = uksched_cpus[(s->cpu + i) % n].sched;
		struct uk_thread *t;

		if (UK_READ_ONCE(v->ready) < 2)
			continue;
		if (!uk_spin_try(&v->lock)) {
			*missed = true;
			continue;
		}
		t = v->ready < 2 ? NULL : take(v, s);
		uk_spin_release(&v->lock);
		if (t)
			return uk_sched_next(s);
	}
	return NULL;
}

void uk_sched_balance(struct uk_sched *s)
{
	struct uk_sched *best = s;
	uint32_t n = uk_smp_cpus(), least = s->ready;

	for (uint32_t i = 1; i < n; i++) {
		struct uk_sched *v = uksched_cpus[(s->cpu + i) % n].sched;
		uint32_t ready = UK_READ_ONCE(v->ready);

		if (ready < least) {
			best = v;
			least = ready;
		}
	}
	if (least + 1 >= s->ready || !uk_spin_try(&best->lock))
		return;
	if (take(s, best))
		uksched_kick(best);
	uk_spin_release(&best->lock);
}

/* ---- hints ---- */

bool uk_thread_runs_elsewhere(const struct uk_thread *t)
{
	uint32_t n = uk_smp_cpus();

	for (uint32_t i = 0; i < n; i++)
		if (UK_READ_ONCE(uksched_cpus[i].sched->running) == t)
			return true;
	return false;
}

bool uk_sched_is_alone(void)
{
	return UK_READ_ONCE(UK_READ_ONCE(uk_thread_current()->sched)->ready) <= 1;
}

/* ---- affinity ---- */

int uk_thread_set_cpus(struct uk_thread *t, const struct uk_cpuset *set)
{
	struct uk_thread *self = uk_thread_current();
	uint32_t n = uk_smp_cpus(), i;
	struct uk_sched *s;
	bool irq;

	for (i = 0; i < n && !uk_cpuset_has(set, i); i++)
		;
	if (i == n)
		return -EINVAL;
	s = uksched_lock_irq(t, &irq);
	t->cpus = *set;
	for (; i < UK_CPUSET_WORDS * 64; i++) /* to compare with idle_cpus only */
		if (i >= n)
			uk_cpuset_remove(&t->cpus, i);
	if (!uk_cpuset_has(set, s->cpu) && uk_shared_get(t->state) == UK_THREAD_RUNNABLE) {
		if (t == self) {
			uk_sched_switch(t, uk_sched_move_on(s, t));
			s = t->sched;
		} else if (s->running == t) {
			uksched_kick(s);
		} else {
			uksched_remove(s, t);
			s = uksched_go(s, t, uksched_place(t));
			arrive(s, t);
		}
	}
	uk_spin_unlock_irq(&s->lock, irq);
	return 0;
}

void uk_thread_get_cpus(struct uk_thread *t, struct uk_cpuset *set)
{
	bool irq;
	struct uk_sched *s = uksched_lock_irq(t, &irq);

	*set = t->cpus;
	uk_spin_unlock_irq(&s->lock, irq);
}

/* ---- idle ---- */

/*
 * For a short while an idle CPU looks for work itself, and need not be interrupted: to be woken up
 * takes longer than most waits for another CPU last. Where it does not, because there is little to do or
 * because the host lets the others run only while this one sleeps, that while is lost. So after one
 * in vain a CPU sleeps at once the next time, then 3, 7, ... times, before it tries again.
 */
static void poll(struct uk_sched *s, struct uksched_cpu *cpu, uk_nsec began)
{
	struct uk_percpu *self = uk_percpu();

	if (!POLL_NSEC)
		return;
	if (cpu->skip) {
		cpu->skip--;
		return;
	}
	for (unsigned i = 1;; i++) {
		if (UK_READ_ONCE(s->ready) || self->irq_pending || self->resched) {
			cpu->in_vain = 0;
			return;
		}
		if (i % 16 == 0 && uk_plat_clock_monotonic() - began > POLL_NSEC)
			break;
		uk_arch_relax();
		uk_smp_poll(0);
	}
	cpu->in_vain = UK_MIN(2 * cpu->in_vain + 1, SKIP_MAX);
	cpu->skip = cpu->in_vain;
}

/* This CPU's clocks stand, or run again. With s locked. */
static uk_nsec idle_begins(struct uksched_cpu *cpu, struct uk_thread *self)
{
	uk_nsec now = uk_plat_clock_monotonic();

	UK_WRITE_ONCE(cpu->clock, UKSCHED_CLOCK_STANDS | (now - cpu->idle));
	uksched_clocks_change(cpu, self, NULL);
	return now;
}

static void idle_ends(struct uksched_cpu *cpu, struct uk_thread *self, uk_nsec began)
{
	cpu->idle += uk_plat_clock_monotonic() - began;
	UK_WRITE_ONCE(cpu->clock, cpu->idle);
	uksched_clocks_change(cpu, NULL, self);
}

/*
 * With s locked and interrupts masked, as they are on return: there may be a thread to run then, here
 * or to take from elsewhere. A kick that came since `resched` was cleared ends it.
 */
static void wait(struct uk_sched *s)
{
	struct uksched_cpu *cpu = uksched_cpu();
	uk_nsec began = idle_begins(cpu, s->idle);

	uk_percpu()->preempt_off++; /* handlers that return here have nobody to preempt */
	uk_this_cpu_set(idle, 1);
	s->polling = true;
	uk_spin_release(&s->lock);
	if (uk_sched_will_idle)
		uk_sched_will_idle();
	poll(s, cpu, began);
	uk_spin_acquire(&s->lock);
	s->polling = false;
	if (!s->ready && !uk_percpu()->resched) {
		uk_spin_release(&s->lock);
		uk_plat_idle();
		uk_irq_enable();
		uk_irq_disable();
		uk_spin_acquire(&s->lock);
	}
	uk_this_cpu_set(idle, 0);
	uk_percpu()->preempt_off--;
	idle_ends(cpu, s->idle, began);
}

/* With s locked. NULL: none. True in *missed: there may be one, but who has its lock keeps it. */
static struct uk_thread *find(struct uk_sched *s, bool *missed)
{
	struct uk_thread *t = uk_sched_next(s);

	*missed = false;
	return t ? t : uksched_steal(s, missed);
}

/* The next thread for this CPU, whose scheduler s is locked. Waits until there is one. */
static struct uk_thread *await(struct uk_sched *s)
{
	struct uk_thread *next;
	bool missed;

	while (!(next = find(s, &missed))) {
		uk_this_cpu_set(resched, 0);
		set_idle(s->cpu);
		next = find(s, &missed); /* who left one waiting before has not seen us */
		if (next)
			break;
		if (!missed) {
			wait(s);
			continue;
		}
		uk_spin_release(&s->lock);
		uk_arch_relax();
		uk_smp_poll(0);
		uk_spin_acquire(&s->lock);
	}
	claim(s->cpu);
	return next;
}

static UK_NORETURN void idle(struct uk_thread *self)
{
	struct uk_sched *s = self->sched;

	for (;;) {
		uk_irq_disable();
		uk_spin_acquire(&s->lock);
		uk_sched_switch(self, await(s));
		uk_spin_release(&s->lock);
		uk_irq_enable();
	}
}

/* The switch that led here had the scheduler locked. */
static void idle_start(void *arg)
{
	struct uk_thread *self = arg;

	if (self->sched->leaving)
		uk_sched_part(self->sched);
	uk_spin_release(&self->sched->lock);
	uk_irq_enable();
	idle(self);
}

/* ---- start ---- */

int uksched_cpu_init(uint32_t cpu)
{
	struct uk_sched *s = uk_sched_create(uk_heap);
	struct uk_thread *t = uk_calloc(1, sizeof(*t));

	if (!s || !t || !(t->stack = uk_stack_alloc(CONFIG_LIBUKSCHED_STACK_SIZE))) {
		uk_free(s);
		uk_free(t);
		return -ENOMEM;
	}
	t->stack_size = CONFIG_LIBUKSCHED_STACK_SIZE;
	t->name = "idle";
	t->flags = UK_THREAD_NAMED;
	t->policy = UK_THREAD_FIFO; /* has no equals with which to share the CPU in slices */
	t->sched = s;
	uk_cpuset_add(&t->cpus, cpu);
	uk_arch_ctx_init(&t->ctx, (char *)t->stack + t->stack_size, idle_start, t);
	s->cpu = cpu;
	s->idle = s->running = t;
	uksched_cpus[cpu].sched = s;
	return 0;
}

/* What another CPU does first. */
static UK_NORETURN void cpu_main(void)
{
	struct uk_sched *s = uksched_cpu()->sched;

	uk_this_cpu_set(current, s->idle);
	uk_this_cpu_set(preempt_off, 0);
	uksched_cpu()->idle = uk_plat_clock_monotonic(); /* until now; so the thread has used 0 */
	uksched_cpu()->clock = uksched_cpu()->idle;
	uk_smp_arrived();
	idle(s->idle);
}

static int cpus_start(void)
{
	uint32_t have = uk_plat_cpus(), want = UK_MIN((uint64_t)have, (uint64_t)UK_CPUS);
	uint64_t told = uk_param_smp_cpus.u;

	if (told > want)
		uk_pr_warn("smp.cpus=%lu: %s %u CPU%s: using %u", (unsigned long)told,
			   have < told ? "the machine has" : "this image is configured for",
			   have < told ? have : UK_CPUS, want == 1 ? "" : "s", want);
	else if (told)
		want = (uint32_t)told;
	else if (have > want)
		uk_pr_warn("the machine has %u CPUs: using %u (CONFIG_SMP_MAX_CPUS)", have, want);
	for (uint32_t n = 1; n < have && uk_smp_cpus() < want; n++) {
		uint32_t cpu = uk_smp_cpus();
		struct uk_thread *idler;
		char what[32];
		int err;

		uk_percpu_init(cpu);
		uk_timer_cpu_init(cpu);
		err = uksched_cpus[cpu].sched ? 0 : uksched_cpu_init(cpu);
		if (err)
			return err;
		idler = uksched_cpus[cpu].sched->idle;
		err = uk_plat_cpu_start(n, cpu, idler->stack, idler->stack_size, cpu_main, what);
		if (err)
			uk_pr_warn("CPU %s does not start (error %d): left out", what, -err);
		while (!err && uk_smp_cpus() == cpu)
			uk_arch_relax();
	}
	return 0;
}
UK_INIT(UK_INIT_DEV, "0", cpus_start, NULL);
