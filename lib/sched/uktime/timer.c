/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers: a pairing heap per CPU, and the platform's one-shot timer behind it.
 *
 * Why a pairing heap: nearly all timers are timeouts that are stopped before they expire. Starting
 * one melds it with the root (a compare and four stores) and stopping one that has got no children
 * yet unlinks it from its siblings, so the common pair costs a few dozen instructions and no memory
 * beyond the timer itself. A wheel is no faster, but its slots cost memory, it rounds
 * deadlines, and a tickless system has to search it for the next one; a balanced tree does more
 * work for an order among all timers that nobody asks for. Expiry pays: O(log n) amortised, and a
 * single one may touch all timers that were started since the last.
 */
#include <uk/arch/relax.h>
#include <uk/assert.h>
#include <uk/plat/clock.h>
#include <uk/spinlock.h>
#include <uk/time.h>
#include <uk/timer.h>

struct timer_base {
	struct uk_timer *root; /* the earliest; its prev points to itself, its next is NULL */
	uk_nsec programmed;    /* what the hardware will fire at; UK_NSEC_MAX: it is off */
	struct uk_spinlock lock;
#ifdef CONFIG_SMP
	struct uk_timer *running; /* its function is */
	uint32_t runs;            /* functions that were called, or are about to be */
#endif
} UK_CPU_ALIGNED;

static struct timer_base bases[UK_CPUS] = { { .programmed = UK_NSEC_MAX } };

/* The timers of a CPU: a constant as long as there is one. */
static inline struct timer_base *base_of(uint32_t cpu)
{
	return &bases[UK_CPUS > 1 ? cpu : 0];
}

/* Locks this CPU's: with interrupts masked, so that the caller stays on it. */
static inline struct timer_base *lock_here(bool *irq)
{
	struct timer_base *b;

	*irq = uk_irq_save();
	b = base_of(uk_cpu());
	uk_spin_acquire(&b->lock);
	return b;
}

/* Notes which function of b runs now, for who wants to stop its timer. */
static inline void set_running(struct timer_base *b UK_UNUSED, struct uk_timer *t UK_UNUSED)
{
#ifdef CONFIG_SMP
	/* In this order (model/timer.pml): who sees the number sees what runs. */
	__atomic_store_n(&b->running, t, __ATOMIC_RELEASE);
	if (t)
		__atomic_store_n(&b->runs, b->runs + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* before it is seen to be pending no more */
#endif
}

#ifdef CONFIG_SMP
/*
 * Another CPU may be in the function of a timer that is not pending any more. Waits for it; but not for
 * this CPU's own, which is what called us.
 */
static inline void wait_for_function(struct uk_timer *t)
{
	uint32_t cpu = UK_READ_ONCE(t->cpu);
	struct timer_base *b = base_of(cpu);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (unsigned turns = 0; __atomic_load_n(&b->running, __ATOMIC_ACQUIRE) == t; turns++) {
		if (cpu == uk_cpu())
			return;
		uk_arch_relax();
		uk_spin_hook(turns);
	}
}
#endif

/* Two heaps become one: the later root becomes the first child of the earlier. */
static struct uk_timer *meld(struct uk_timer *a, struct uk_timer *b)
{
	if (b->deadline < a->deadline) {
		struct uk_timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		uk_shared_set(b->next->prev, b);
	uk_shared_set(b->prev, a);
	a->child = b;
	return a;
}

/*
 * The heaps of a list of siblings become one. Melding them in pairs first, and only then all
 * together, is what makes the amortised bound logarithmic.
 */
static struct uk_timer *meld_siblings(struct uk_timer *t)
{
	struct uk_timer *pairs = NULL, *all;

	while (t) {
		struct uk_timer *a = t, *b = t->next;

		t = b ? b->next : NULL;
		if (b)
			a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	all = pairs;
	if (!all)
		return NULL;
	for (pairs = all->next; pairs; pairs = t) {
		t = pairs->next;
		all = meld(all, pairs);
	}
	return all;
}

static void set_root(struct timer_base *b, struct uk_timer *t)
{
	b->root = t;
	if (t) {
		t->next = NULL;
		uk_shared_set(t->prev, t);
	}
}

static void heap_insert(struct timer_base *b, struct uk_timer *t)
{
	t->child = NULL;
	set_root(b, b->root ? meld(b->root, t) : t);
}

static void heap_remove(struct timer_base *b, struct uk_timer *t)
{
	struct uk_timer *below = t->child ? meld_siblings(t->child) : NULL;

	if (t == b->root) {
		set_root(b, below);
	} else {
		if (t->prev->child == t) /* the first child: prev is the parent */
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			uk_shared_set(t->next->prev, t->prev);
		if (below)
			set_root(b, meld(b->root, below));
	}
	uk_shared_set(t->prev, NULL);
}

static void program(struct timer_base *b, uk_nsec deadline)
{
	if (deadline < b->programmed) {
		b->programmed = deadline;
		uk_plat_timer_set(deadline);
	}
}

void uk_timer_start(struct uk_timer *t, uk_nsec deadline)
{
	struct timer_base *b;
	bool irq;

	uk_timer_stop(t);
	if (deadline == UK_NSEC_MAX)
		return;
	t->deadline = deadline;
	b = lock_here(&irq);
	uk_shared_set(t->cpu, uk_cpu());
	heap_insert(b, t);
	program(b, deadline);
	uk_spin_unlock_irq(&b->lock, irq);
}

#ifdef CONFIG_SMP
/*
 * The function may run on another CPU, and may start the timer there again before it ends. Who starts
 * a timer on several CPUs at once has to prevent that.
 */
bool uk_timer_stop(struct uk_timer *t)
{
	bool irq, was_pending = false;
	struct timer_base *b;
	uint32_t runs;

	/*
	 * Not running, and then not pending, does not mean that it has ended: it may have been started
	 * again, and run again since. Unless nothing at all has begun to run there meanwhile.
	 */
	for (;;) {
		b = base_of(UK_READ_ONCE(t->cpu));
		runs = __atomic_load_n(&b->runs, __ATOMIC_ACQUIRE);
		wait_for_function(t);
		if (UK_LIKELY(!uk_timer_pending(t))) {
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (UK_LIKELY(UK_READ_ONCE(b->runs) == runs))
				return was_pending;
			continue;
		}
		irq = uk_spin_lock_irq(&b->lock);
		if (uk_timer_pending(t)) {
			heap_remove(b, t);
			was_pending = true;
		}
		uk_spin_unlock_irq(&b->lock, irq);
	}
}
#else
bool uk_timer_stop(struct uk_timer *t)
{
	struct timer_base *b;
	bool irq, pending;

	/* Only an interrupt could change this meanwhile, by expiry. */
	if (!uk_timer_pending(t))
		return false;
	b = base_of(t->cpu);
	irq = uk_spin_lock_irq(&b->lock);
	pending = uk_timer_pending(t);
	if (pending)
		heap_remove(b, t);
	uk_spin_unlock_irq(&b->lock, irq);
	return pending;
}
#endif

void uk_timer_interrupt(void)
{
	bool irq;
	struct timer_base *b = lock_here(&irq);
	uk_nsec now = uk_plat_clock_monotonic();
	struct uk_timer *t;

	/* Whatever the functions start is programmed once, at the end. */
	b->programmed = 0;
	while ((t = b->root)) {
		if (t->deadline > now) {
			now = uk_plat_clock_monotonic();
			if (t->deadline > now)
				break;
		}
		set_running(b, t);
		heap_remove(b, t);
		uk_spin_release(&b->lock);
		t->fn(t);
		set_running(b, NULL);
		uk_spin_acquire(&b->lock);
	}
	b->programmed = UK_NSEC_MAX; /* it has fired, and does so once */
	if (t)
		program(b, t->deadline);
	uk_spin_release(&b->lock);
	uk_irq_restore(irq);
}

#ifdef CONFIG_SMP
void uk_timer_cpu_init(uint32_t cpu)
{
	base_of(cpu)->programmed = UK_NSEC_MAX;
}
#endif

uk_nsec uk_timer_next(void)
{
	bool irq;
	struct timer_base *b = lock_here(&irq);
	uk_nsec next = b->root ? b->root->deadline : UK_NSEC_MAX;

	uk_spin_unlock_irq(&b->lock, irq);
	return next;
}
