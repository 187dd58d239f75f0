/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preemptive scheduler: the highest priority that is runnable runs, equals in slices.
 *
 * A ring of threads per priority and a bitmap of those that are not empty: every operation takes
 * constant time. The running thread stays at the head of its ring, also while a higher priority
 * has preempted it; only when its slice is over or it yields does the ring turn
 * (POSIX.1-2017 §2.8.4).
 *
 * Slices cost next to nothing at a switch. While the running thread has equals, a timer ticks every
 * half slice; the second tick that finds a thread running in the same turn ends its turn. So a turn
 * lasts at least half a slice and one at most, of the time with equals. Being preempted does
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
	uint64_t used[2]; /* bit p % 64 of word p / 64: ring[p] is not empty */
	struct uk_queue ring[LEVELS];
	struct uk_timer tick;
};

static inline struct prio *to_prio(struct uk_sched *s)
{
	return UK_CONTAINER_OF(s, struct prio, sched);
}

static inline struct uk_thread *first_of(const struct uk_queue *ring)
{
	return UK_CONTAINER_OF(ring->first, struct uk_thread, runq);
}

/* Must `t`, while it runs, share the CPU with others? */
static inline bool is_sliced(const struct uk_thread *t)
{
	return t->runq.next != &t->runq && t->policy != UK_THREAD_FIFO;
}

/* Returns t, so that its callers, which run at every switch, call it last and need no frame. */
static UK_NOINLINE struct uk_thread *start_tick(struct prio *p, struct uk_thread *t)
{
	uk_timer_start(&p->tick, uk_deadline(HALF_SLICE));
	return t;
}

static inline void end_turn(struct prio *p, struct uk_thread *t)
{
	struct uk_queue *ring = &p->ring[t->prio];

	t->ticks = 0;
	if (UK_LIKELY(ring->first == &t->runq))
		uk_queue_rotate(ring);
}

/* Interrupt context. */
static void tick(struct uk_timer *timer)
{
	struct prio *p = UK_CONTAINER_OF(timer, struct prio, tick);
	struct uk_thread *t = uk_thread_current();
	bool irq = uk_spin_lock_irq(&p->sched.lock);

	uk_sched_balance(&p->sched);
	if (t->state == UK_THREAD_RUNNABLE && is_sliced(t)) {
		if (++t->ticks == TURN) {
			end_turn(p, t);
			uk_sched_set_resched();
		}
		start_tick(p, t);
	}
	uk_spin_unlock_irq(&p->sched.lock, irq);
}

bool ukschedprio_add(struct uk_sched *s, struct uk_thread *t)
{
	struct prio *p = to_prio(s);
	struct uk_thread *running = uk_sched_running(s);
	bool must_tick;

	t->ticks = 0;
	uk_queue_push(&p->ring[t->prio], &t->runq);
	p->used[t->prio / 64] |= 1ULL << t->prio % 64;
	/* If the CPU is idle, ukschedprio_next() looks for equals. */
	must_tick = t->prio == running->prio &&
		    uk_shared_get(running->state) == UK_THREAD_RUNNABLE && is_sliced(running) &&
		    !uk_timer_pending(&p->tick);
	if (must_tick && !uk_sched_is_here(s))
		return true;
	if (must_tick)
		start_tick(p, running);
	return t->prio > running->prio;
}

void ukschedprio_remove(struct uk_sched *s, struct uk_thread *t)
{
	struct prio *p = to_prio(s);

	uk_queue_remove(&p->ring[t->prio], &t->runq);
	if (uk_queue_empty(&p->ring[t->prio]))
		p->used[t->prio / 64] &= ~(1ULL << t->prio % 64);
}

struct uk_thread *ukschedprio_next(struct uk_sched *s)
{
	struct prio *p = to_prio(s);
	struct uk_thread *t;

	if (UK_UNLIKELY(p->used[1]))
		t = first_of(&p->ring[127 - __builtin_clzll(p->used[1])]);
	else if (UK_LIKELY(p->used[0]))
		t = first_of(&p->ring[63 - __builtin_clzll(p->used[0])]);
	else
		return NULL;
	if (is_sliced(t) && UK_UNLIKELY(!uk_timer_pending(&p->tick)))
		return start_tick(p, t);
	return t;
}

struct uk_thread *ukschedprio_rotate(struct uk_sched *s, struct uk_thread *t)
{
	end_turn(to_prio(s), t);
	return ukschedprio_next(s);
}

/* Of the highest priority, the one that waits longest. */
struct uk_thread *ukschedprio_spare(struct uk_sched *s, uint32_t cpu)
{
	struct prio *p = to_prio(s);

	for (int i = 1; i >= 0; i--) {
		for (uint64_t left = p->used[i]; left;) {
			unsigned level = 63 - (unsigned)__builtin_clzll(left);
			struct uk_queue_node *first = p->ring[64 * i + level].first, *n = first;

			left &= ~(1ULL << level);
			do {
				struct uk_thread *t = UK_CONTAINER_OF(n, struct uk_thread, runq);

				if (uk_sched_may_give(s, t, cpu))
					return t;
				n = n->next;
			} while (n != first);
		}
	}
	return NULL;
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
