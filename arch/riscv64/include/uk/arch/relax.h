/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For loops that wait for another CPU or a device: `pause`, a hint (RISC-V ISA vol. 1 §4, Zihintpause), spelt out
 * because it does nothing on CPUs that do not know it, and assemblers want to be told of it.
 */
#ifndef UK_ARCH_RELAX_H
#define UK_ARCH_RELAX_H

static inline void uk_arch_relax(void)
{
	__asm__ volatile(".word 0x0100000f" ::: "memory");
}

#include <uk/arch/linger.h>
#include <uk/arch/relaxturn.h>

#endif
