/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counter that runs at a constant rate, for measuring short times where no clock may be asked: the TSC
 * (Intel SDM vol. 3 §18.17). Who prints it finds the rate with the clock.
 */
#ifndef UK_ARCH_CYCLES_H
#define UK_ARCH_CYCLES_H

#include <uk/types.h>

static inline uint64_t uk_arch_cycles(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo | (uint64_t)hi << 32;
}

#endif
