/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A counter that runs at a constant rate, for measuring short times where no clock may be asked: `time`, which is
 * what supervisor mode may always read (RISC-V ISA vol. 2 §3.1.11). Who prints it finds the rate with the clock.
 */
#ifndef UK_ARCH_CYCLES_H
#define UK_ARCH_CYCLES_H

#include <uk/types.h>

static inline uint64_t uk_arch_cycles(void)
{
	uint64_t v;

	__asm__ volatile("rdtime %0" : "=r"(v));
	return v;
}

#endif
