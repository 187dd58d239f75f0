/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Masking interrupts: a per-CPU flag that entry code honours.
 *
 * uk_irq_disable() only sets the flag. An interrupt that arrives meanwhile is noted, the hardware
 * stays masked, and uk_irq_enable() replays it. So a critical section costs two instructions that
 * change memory and a branch, the same on every platform; only idle and arch code touch the
 * hardware's own mask.
 */
#ifndef UK_IRQ_H
#define UK_IRQ_H

#include <uk/arch/irq.h>
#include <uk/percpu.h>

UK_API_BEGIN
/* The platform's: run what was noted, with the flag clear on return and hardware open again. */
void uk_plat_irq_replay(void);
UK_API_END

static inline bool uk_irq_disabled(void)
{
	return uk_this_cpu_get(irq_off);
}

static inline void uk_irq_disable(void)
{
	uk_arch_irq_flag_set();
}

static inline void uk_irq_enable(void)
{
	/* An interrupt that comes after this is taken at once and leaves nothing pending. */
	if (UK_UNLIKELY(uk_arch_irq_flag_clear()))
		uk_plat_irq_replay();
}

/* Mask, and tell whether they were masked before: for uk_irq_restore(). */
static inline bool uk_irq_save(void)
{
	bool was = uk_this_cpu_get(irq_off);

	uk_irq_disable();
	return was;
}

static inline void uk_irq_restore(bool was)
{
	if (!was)
		uk_irq_enable();
}

/*
 * Context of the caller (DESIGN §7): an interrupt handler may not block, allocate or take a mutex.
 */
static inline bool uk_in_irq(void)
{
	return uk_this_cpu_get(irq_depth);
}

#endif
