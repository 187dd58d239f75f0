/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data through one accessor, valid while preemption is off. Without CONFIG_SMP it is a
 * plain variable and the accessor a constant.
 *
 * The layout is shared with entry code in assembly (offsets below, checked in percpu.c).
 */
#ifndef UK_PERCPU_H
#define UK_PERCPU_H

#include <uk/essentials.h>

#define UK_PERCPU_IRQ_OFF     0
#define UK_PERCPU_IRQ_PENDING 4
#define UK_PERCPU_PREEMPT     8
#define UK_PERCPU_RESCHED     12
#define UK_PERCPU_CURRENT     16

#ifndef __ASSEMBLER__
#include <uk/api.h>

struct uk_thread;

struct uk_percpu {
	union {
		struct {
			/* 1: interrupts are masked by software. */
			volatile uint32_t irq_off;
			/* Not 0: one came meanwhile; hardware stays masked until the replay. */
			volatile uint32_t irq_pending;
		};
		volatile uint64_t irq_word; /* both: uk/arch/irq.h */
	};
	volatile uint32_t preempt_off; /* nesting depth of uk_preempt_disable() */
	volatile uint32_t resched;     /* a better thread is ready */
	struct uk_thread *current;
	uint32_t irq_depth; /* inside an interrupt handler if not 0 */
	uint32_t cpu;       /* index of this CPU */
	void *sched;        /* the scheduler's own per-CPU data */
};

UK_API_BEGIN
extern struct uk_percpu uk_percpu_boot;
UK_API_END

static inline struct uk_percpu *uk_percpu(void)
{
	return &uk_percpu_boot;
}

#endif
#endif
