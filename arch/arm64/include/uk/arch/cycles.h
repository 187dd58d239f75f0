/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counter that runs at a constant rate, for measuring short times where no clock may be asked: the generic timer's.
 * Who prints it finds the rate with the clock.
 */
#ifndef UK_ARCH_CYCLES_H
#define UK_ARCH_CYCLES_H

#include <uk/types.h>

static inline uint64_t uk_arch_cycles(void)
{
	uint64_t v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v)::"memory");
	return v;
}

#endif
