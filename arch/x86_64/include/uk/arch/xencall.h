/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call of the Xen hypervisor (public/arch-x86/xen-x86_64.h): for <uk/xen/hypercall.h>.
 */
#ifndef UK_ARCH_XENCALL_H
#define UK_ARCH_XENCALL_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/* How a call is made depends on the kind of domain. Not a C function: number in eax, arguments as below. */
extern const char uk_xen_hypercall[];

/* Set before uk_boot(). */
extern bool uk_xen_pv;

UK_API_END

static inline long uk_xen_call(unsigned nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	register uintptr_t r10 __asm__("r10") = d;
	long ret = nr;

	__asm__ volatile("call uk_xen_hypercall"
			 : "+a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
			 :
			 : "rcx", "r11", "r8", "memory", "cc");
	return ret;
}

#endif
