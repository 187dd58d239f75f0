/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preemptive scheduler: the highest priority that is ready runs, equals in slices.
 *
 * A queue per priority and a bitmap of those that are not empty: every operation takes constant
 * time. A thread that is preempted by a higher priority goes back to the front of its queue, for
 * it has not had its turn yet; one whose slice is over goes to the end (POSIX.1-2017 §2.8.4).
 *
 * Slices cost nothing at a switch. While the running thread has ready equals, a timer ticks every
 * half slice; the second tick that finds a thread running in the same turn ends its turn. So a turn
 * lasts at least half a slice and one at most, of the time with ready equals. Being preempted does
 * not end a turn, or a thread that is preempted often would never end it. Without equals there
 * is no tick.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/sched_ops.h>
#include <uk/schedprio.h>
#include <uk/time.h>
#include <uk/timer.h>

#define LEVELS     (UK_THREAD_PRIO_MAX + 1)
#define TURN       2 /* ticks */
#define HALF_SLICE (CONFIG_LIBUKSCHEDPRIO_SLICE_MS * UK_NSEC_PER_MS / TURN)

UK_STATIC_ASSERT(LEVELS == 128, "the bitmap has two words");
UK_SCHED_PROVIDER(ukschedprio);

struct prio {
	struct uk_sched sched;
	uint64_t ready[2]; /* bit p % 64 of word p / 64: level[p] is not empty */
	struct uk_queue level[LEVELS];
	struct uk_timer tick;
};

static inline struct prio *to_prio(struct uk_sched *s)
{
	return UK_CONTAINER_OF(s, struct prio, sched);
}

/* Must `t`, when it runs, share the CPU with another that is ready now? */
static inline bool has_equals(const struct prio *p, const struct uk_thread *t)
{
	return !uk_queue_empty(&p->level[t->prio]) && t->policy != UK_THREAD_FIFO;
}

static inline void ensure_tick(struct prio *p)
{
	if (UK_UNLIKELY(!uk_timer_pending(&p->tick)))
		uk_timer_start(&p->tick, uk_deadline(HALF_SLICE));
}

/* Interrupt context. */
static void tick(struct uk_timer *timer)
{
	struct prio *p = UK_CONTAINER_OF(timer, struct prio, tick);
	struct uk_thread *t = uk_thread_current();
	bool irq = uk_spin_lock_irq(&p->sched.lock);

	if (t->state == UK_THREAD_RUNNABLE && has_equals(p, t)) {
		if (t->ticks < TURN)
			t->ticks++;
		if (t->ticks == TURN)
			uk_sched_set_resched();
		uk_timer_start(&p->tick, uk_deadline(HALF_SLICE));
	}
	uk_spin_unlock_irq(&p->sched.lock, irq);
}

bool ukschedprio_enqueue(struct uk_sched *s, struct uk_thread *t, enum uk_sched_why why)
{
	struct prio *p = to_prio(s);
	struct uk_thread *running = uk_thread_current();

	if (why == UK_SCHED_PREEMPTED && t->ticks < TURN) {
		uk_queue_push_front(&p->level[t->prio], &t->runq);
	} else {
		uk_queue_push(&p->level[t->prio], &t->runq);
		t->ticks = 0;
	}
	p->ready[t->prio / 64] |= 1ULL << t->prio % 64;

	/* If nobody is running, who is picked next looks for equals itself. */
	if (t->prio == running->prio && t != running && running->policy != UK_THREAD_FIFO &&
	    running->state == UK_THREAD_RUNNABLE)
		ensure_tick(p);
	return t->prio > running->prio;
}

void ukschedprio_dequeue(struct uk_sched *s, struct uk_thread *t)
{
	struct prio *p = to_prio(s);

	uk_queue_remove(&p->level[t->prio], &t->runq);
	if (uk_queue_empty(&p->level[t->prio]))
		p->ready[t->prio / 64] &= ~(1ULL << t->prio % 64);
}

struct uk_thread *ukschedprio_pick_next(struct uk_sched *s)
{
	struct prio *p = to_prio(s);
	unsigned int top;
	struct uk_thread *t;

	if (p->ready[1])
		top = 127 - __builtin_clzll(p->ready[1]);
	else if (p->ready[0])
		top = 63 - __builtin_clzll(p->ready[0]);
	else
		return NULL;
	t = UK_CONTAINER_OF(p->level[top].first, struct uk_thread, runq);
	ukschedprio_dequeue(s, t);
	if (has_equals(p, t))
		ensure_tick(p);
	return t;
}

int ukschedprio_check_policy(struct uk_sched *s UK_UNUSED, unsigned int policy, unsigned int prio)
{
	switch (policy) {
	case UK_THREAD_OTHER:
		return prio == 0 ? 0 : -EINVAL;
	case UK_THREAD_FIFO:
	case UK_THREAD_RR:
		return prio >= 1 && prio <= UK_THREAD_PRIO_MAX ? 0 : -EINVAL;
	}
	return -EINVAL;
}

struct uk_sched *ukschedprio_create(struct uk_alloc *a)
{
	struct prio *p = uk_alloc_calloc(a, 1, sizeof(*p));

	if (!p)
		return NULL;
	uk_sched_init(&p->sched, UK_OPS(&ukschedprio_ops));
	uk_timer_init(&p->tick, tick);
	return &p->sched;
}
