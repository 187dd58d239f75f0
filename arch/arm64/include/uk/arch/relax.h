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

#include <uk/arch/linger.h>
#include <uk/arch/relaxturn.h>

#endif
