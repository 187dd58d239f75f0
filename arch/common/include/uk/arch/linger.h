/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time that passes: a part of <uk/arch/relax.h>.
 */
#ifndef UK_ARCH_LINGER_H
#define UK_ARCH_LINGER_H

/*
 * Lets about the time of `n` pauses pass (some 32 cycles each) for a test that wants to come later, and waits for
 * nobody. (At each pause a QEMU that runs all CPUs in one thread lets another one run, for up to 0.1 s.)
 */
static inline void uk_arch_linger(unsigned int n)
{
	for (n *= 32; n; n--)
		__asm__ volatile("" ::: "memory");
}

#endif
