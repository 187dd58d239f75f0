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

#include <uk/arch/linger.h>

#endif
