/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For loops that wait for another CPU or a device.
 */
#ifndef UK_ARCH_RELAX_H
#define UK_ARCH_RELAX_H

static inline void uk_arch_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/*
 * Lets about the time of `n` pauses pass (some 32 cycles each) for a test that wants to come later, and waits for
 * nobody.
 */
static inline void uk_arch_linger(unsigned int n)
{
	for (n *= 32; n; n--)
		__asm__ volatile("" ::: "memory");
}

#endif
