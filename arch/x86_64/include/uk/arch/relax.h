/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For loops that wait for another CPU or a device: `pause` (Intel SDM vol. 2) leaves the core to its other
 * thread, and the way out of the loop is not mispredicted.
 */
#ifndef UK_ARCH_RELAX_H
#define UK_ARCH_RELAX_H

static inline void uk_arch_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * Lets about the time of `n` pauses pass (some 32 cycles each) for a test that wants to come later, and waits for
 * nobody. A QEMU that runs all CPUs in one thread lets another one run at each pause, for up to 0.1 s.
 */
static inline void uk_arch_linger(unsigned int n)
{
	for (n *= 32; n; n--)
		__asm__ volatile("" ::: "memory");
}

#endif
