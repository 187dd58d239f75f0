/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers in memory. Every access may be an exit to the hypervisor, which wants to know the register that was
 * meant: so each is one plain instruction without write-back. Barriers keep it in order with ordinary memory (DDI 0487
 * §B2.3.10).
 */
#ifndef UK_ARCH_IO_H
#define UK_ARCH_IO_H

#include <uk/essentials.h>

#define UK_MMIO_ACCESS(bits, v0, store, load)                                                      \
	static inline void uk_mmio_write##bits(volatile void *reg, uint##bits##_t v)               \
	{                                                                                          \
		__asm__ volatile("dmb oshst\n\t" store " " v0 ", [%1]" ::"rZ"(v), "r"(reg)         \
				 : "memory");                                                      \
	}                                                                                          \
	static inline uint##bits##_t uk_mmio_read##bits(const volatile void *reg)                  \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
		__asm__ volatile(load " " v0 ", [%1]\n\tdmb oshld"                                 \
				 : "=r"(v)                                                         \
				 : "r"(reg)                                                        \
				 : "memory");                                                      \
		return v;                                                                          \
	}
UK_MMIO_ACCESS(8, "%w0", "strb", "ldrb")
UK_MMIO_ACCESS(16, "%w0", "strh", "ldrh")
UK_MMIO_ACCESS(32, "%w0", "str", "ldr")
UK_MMIO_ACCESS(64, "%x0", "str", "ldr")

#include <uk/arch/io_any.h>

#endif
