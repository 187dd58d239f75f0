/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flag of <uk/irq.h> and the note beside it, as one word of 64 bits: the upper half is not 0 if
 * an interrupt was noted. One instruction each, so that an interrupt comes before or after it, and
 * of one width, so that a CPU can forward what the first has stored to the second.
 */
#ifndef UK_ARCH_IRQ_H
#define UK_ARCH_IRQ_H

#include <uk/types.h>

static inline void uk_arch_irq_flag_set(volatile uint64_t *word)
{
	__asm__ volatile("orq $1, %0" : "+m"(*word)::"memory", "cc");
}

/* Returns whether something was noted. */
static inline bool uk_arch_irq_flag_clear(volatile uint64_t *word)
{
	bool noted;

	__asm__ volatile("andq $-2, %0" : "+m"(*word), "=@ccnz"(noted)::"memory");
	return noted;
}

#endif
