/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data through one accessor, valid while preemption is off. Without CONFIG_SMP it is a
 * plain variable and the accessor a constant.
 *
 *	uk_percpu()		this CPU's, for who cannot be moved to another CPU meanwhile
 *	uk_this_cpu_get(f)	one field, in one instruction: right wherever it runs
 *	x[uk_cpu()]		a library's own data: an array of UK_CPUS elements
 *
 * The layout is shared with entry code in assembly (offsets below, checked in percpu.c).
 */
#ifndef UK_PERCPU_H
#define UK_PERCPU_H

#include <uk/config.h>
#include <uk/essentials.h>

#define UK_PERCPU_IRQ_OFF     0
#define UK_PERCPU_IRQ_PENDING 4
#define UK_PERCPU_PREEMPT     8
#define UK_PERCPU_RESCHED     12
#define UK_PERCPU_CURRENT     16

/* With CONFIG_SMP only. */
#define UK_PERCPU_SELF 40

#if defined(CONFIG_SMP) || defined(__ASSEMBLER__)
#include <uk/arch/percpu.h> /* in assembly: UK_THIS_CPU(offset), a field as an operand */
#endif

#ifdef CONFIG_SMP
#define UK_CPUS        CONFIG_SMP_MAX_CPUS
#define UK_CPU_ALIGNED UK_ALIGNED(64) /* a cache line: what one CPU writes slows no other down */
#else
#define UK_CPUS 1
#define UK_CPU_ALIGNED
#endif

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
#ifdef CONFIG_SMP
	struct uk_percpu *self;
	uint32_t idle;  /* 1: idle, which counts one in preempt_off */
	void *irq_regs; /* the platform's: what was interrupted, while a handler runs; or NULL */
#ifdef UK_ARCH_PERCPU
	UK_ARCH_PERCPU /* the architecture's */
#endif
} UK_CPU_ALIGNED;
#else
};
#endif

UK_API_BEGIN
#ifdef CONFIG_SMP
/* By index; the first is the CPU that boots. */
extern struct uk_percpu uk_percpus[UK_CPUS];

/*
 * For the platform, before CPU `cpu` uses its data (each but boot's: before it starts). Interrupts are
 * masked then, preemption is off.
 */
void uk_percpu_init(uint32_t cpu);
#else
extern struct uk_percpu uk_percpu_boot;
#endif
UK_API_END

static inline struct uk_percpu *uk_percpu(void)
{
#ifdef CONFIG_SMP
	return uk_arch_percpu();
#else
	return &uk_percpu_boot;
#endif
}

#ifdef CONFIG_SMP
#define uk_this_cpu_get(field)        uk_arch_this_cpu_get(field)
#define uk_this_cpu_set(field, value) uk_arch_this_cpu_set(field, value)
#define uk_this_cpu_add(field, n)     uk_arch_this_cpu_add(field, n)
#else
#define uk_this_cpu_get(field)        (uk_percpu()->field)
#define uk_this_cpu_set(field, value) (uk_percpu()->field = (value))
/*
 * Not volatile here: that would keep the compiler from the one instruction that adds in memory. All
 * that matters is said by barriers, since only this CPU changes it.
 */
#define uk_this_cpu_add(field, n)     (*(uint32_t *)&uk_percpu()->field += (n))
#endif

/* The index of this CPU. Stale at once, unless the caller cannot be moved. Any context. */
static inline uint32_t uk_cpu(void)
{
#ifdef CONFIG_SMP
	return uk_this_cpu_get(cpu);
#else
	return 0;
#endif
}

#endif
#endif
