/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flag of <uk/irq.h> and the note beside it, as one word of 64 bits: the upper half is not 0 if
 * an interrupt was noted. One instruction each, so that an interrupt comes before or after it, and
 * of one width, so that a CPU can forward what the first has stored to the second.
 */
#ifndef UK_ARCH_IRQ_H
#define UK_ARCH_IRQ_H

#include <uk/percpu.h>
#include <uk/types.h>

static inline void uk_arch_irq_flag_set(void)
{
#ifdef CONFIG_SMP
	__asm__ volatile("orq $1, %%gs:%c0" ::UK_ARCH_PERCPU_AT(irq_word) : "memory", "cc");
#else
	__asm__ volatile("orq $1, %0" : "+m"(uk_percpu_boot.irq_word)::"memory", "cc");
#endif
}

/* Returns whether something was noted. */
static inline bool uk_arch_irq_flag_clear(void)
{
	bool noted;

#ifdef CONFIG_SMP
	__asm__ volatile("andq $-2, %%gs:%c1"
			 : "=@ccnz"(noted)
			 : UK_ARCH_PERCPU_AT(irq_word)
			 : "memory");
#else
	__asm__ volatile("andq $-2, %0" : "+m"(uk_percpu_boot.irq_word), "=@ccnz"(noted)::"memory");
#endif
	return noted;
}

#endif
