/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flag of <uk/irq.h> and the note beside it. They are two words that the CPU's own interrupts change in between at
 * will: one comes before or after a store, or after the flag is cleared and before the note is looked at, and
 * then it is taken at once and leaves nothing behind.
 */
#ifndef UK_ARCH_IRQ_H
#define UK_ARCH_IRQ_H

#include <uk/percpu.h>
#include <uk/types.h>

static inline void uk_arch_irq_flag_set(void)
{
	uk_this_cpu_set(irq_off, 1);
	UK_BARRIER();
}

/* Returns whether something was noted. */
static inline bool uk_arch_irq_flag_clear(void)
{
	UK_BARRIER();
	uk_this_cpu_set(irq_off, 0);
	UK_BARRIER();
	return uk_this_cpu_get(irq_pending);
}

#endif
