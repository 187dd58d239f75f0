/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The per-CPU data of the boot CPU. Interrupts count as masked until boot opens them.
 */
#include <uk/percpu.h>

struct uk_percpu uk_percpu_boot = { .irq_off = 1, .preempt_off = 1 };

UK_STATIC_ASSERT(offsetof(struct uk_percpu, irq_off) == UK_PERCPU_IRQ_OFF, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, irq_pending) == UK_PERCPU_IRQ_PENDING, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, preempt_off) == UK_PERCPU_PREEMPT, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, resched) == UK_PERCPU_RESCHED, "entry code");
UK_STATIC_ASSERT(offsetof(struct uk_percpu, current) == UK_PERCPU_CURRENT, "entry code");
