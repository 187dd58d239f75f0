/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The per-CPU data. Interrupts count as masked until boot opens them.
 */
#include <uk/percpu.h>

#ifdef CONFIG_SMP
struct uk_percpu uk_percpus[UK_CPUS];

void uk_percpu_init(uint32_t cpu)
{
	uk_percpus[cpu] = (struct uk_percpu){
		.irq_off = 1,
		.preempt_off = 1,
		.cpu = cpu,
		.self = &uk_percpus[cpu],
	};
}

UK_STATIC_ASSERT(offsetof(struct uk_percpu, self) == UK_PERCPU_SELF, "entry code");
#else
struct uk_percpu uk_percpu_boot = { .irq_off = 1, .preempt_off = 1 };
#endif

UK_STATIC_ASSERT(offsetof(struct uk_percpu, irq_off) == UK_PERCPU_IRQ_OFF, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, irq_pending) == UK_PERCPU_IRQ_PENDING, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, preempt_off) == UK_PERCPU_PREEMPT, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, resched) == UK_PERCPU_RESCHED, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, current) == UK_PERCPU_CURRENT, "entry code");
