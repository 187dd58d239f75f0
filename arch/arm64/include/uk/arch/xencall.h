/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call of the Xen hypervisor (public/arch-arm.h): for <uk/xen/hypercall.h>.
 */
#ifndef UK_ARCH_XENCALL_H
#define UK_ARCH_XENCALL_H

#include <uk/essentials.h>

/* Here all domains are virtual machines. */
#define uk_xen_pv false

static inline long uk_xen_call(unsigned nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	register uint64_t x16 __asm__("x16") = nr;
	register uint64_t x0 __asm__("x0") = a;
	register uint64_t x1 __asm__("x1") = b;
	register uint64_t x2 __asm__("x2") = c;
	register uint64_t x3 __asm__("x3") = d;

	__asm__ volatile("hvc #0xea1"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x16)
			 :
			 : "x4", "memory", "cc");
	return (long)x0;
}

#endif
