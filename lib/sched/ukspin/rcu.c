/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a grace period: every CPU has been seen outside of the sections that ran when it began.
 *
 * A CPU answers for itself, in interrupt context or in the middle of a wait for a spin lock: its count of
 * preempt_off is then its own, and 0 says that what is interrupted is in no section. An idle CPU
 * counts one more, which is not a section's. The call to all CPUs orders memory: who answers has done
 * with what it read before, and sees afterwards what the caller took out before.
 */
#include <uk/arch/relax.h>
#include <uk/assert.h>
#include <uk/cpuset.h>
#include <uk/rcu.h>
#include <uk/smp.h>
#include <uk/spinlock.h>

static struct uk_rcu_head *waiting; /* all that was handed over, newest first */
static int32_t nwaiting;
static uint32_t running; /* threads that have taken a batch and not yet called its functions */

/* Takes this CPU out of the set, if it is outside of all sections. */
static void answer(void *arg)
{
	struct uk_cpuset *inside = arg;
	uint32_t cpu = uk_cpu();

	if (uk_this_cpu_get(preempt_off) == uk_this_cpu_get(idle))
		__atomic_fetch_and(&inside->bits[cpu / 64], ~(1UL << cpu % 64), __ATOMIC_RELEASE);
}

void uk_rcu_sync(void)
{
	struct uk_cpuset inside;
	uint32_t self;

	UK_ASSERT(!uk_this_cpu_get(preempt_off) && !uk_irq_disabled() && !uk_in_irq());
	uk_cpuset_fill(&inside);
	/* This CPU runs us, who are in no section; where we are moved to meanwhile answers as well. */
	for (uint32_t n = uk_smp_cpus(); n < UK_CPUSET_WORDS * 64; n++)
		uk_cpuset_remove(&inside, n);
	uk_preempt_disable();
	self = uk_cpu();
	uk_cpuset_remove(&inside, self);
	uk_preempt_enable();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned turns = 1; !uk_cpuset_empty(&inside); turns++) {
		struct uk_cpuset ask = inside;

		uk_smp_call(&ask, answer, &inside);
		/* One that we have been moved to is not called; it runs us, and so no section. */
		uk_preempt_disable();
		self = uk_cpu();
		__atomic_fetch_and(&inside.bits[self / 64], ~(1UL << self % 64), __ATOMIC_RELAXED);
		uk_preempt_enable();
		uk_arch_relax();
		uk_smp_poll(turns);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void run_batch(void)
{
	struct uk_rcu_head *head, *next;
	int32_t n = 0;

	__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	head = __atomic_exchange_n(&waiting, NULL, __ATOMIC_ACQ_REL);
	if (head)
		uk_rcu_sync();
	for (; head; head = next, n++) {
		next = head->next;
		head->fn(head);
	}
	__atomic_sub_fetch(&nwaiting, n, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
}

void uk_rcu_free(struct uk_rcu_head *head, void (*fn)(struct uk_rcu_head *head))
{
	head->fn = fn;
	head->next = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&waiting, &head->next, head, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	if (__atomic_add_fetch(&nwaiting, 1, __ATOMIC_RELAXED) >= UK_RCU_BATCH)
		run_batch();
}

void uk_rcu_barrier(void)
{
	run_batch();
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		uk_arch_relax();
		uk_spin_hook(UK_CPUS);
	}
}
