/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers in memory. Every access may be an exit to the hypervisor. Fences keep it in order with ordinary
 * memory, which the CPU orders by itself only against other registers (RISC-V ISA vol. 1 §2.7).
 */
#ifndef UK_ARCH_IO_H
#define UK_ARCH_IO_H

#include <uk/essentials.h>

#define UK_MMIO_ACCESS(bits, store, load)                                                          \
	static inline void uk_mmio_write##bits(volatile void *reg, uint##bits##_t v)               \
	{                                                                                          \
		__asm__ volatile("fence w, o\n\t" store " %0, %1" ::"r"(v),                        \
				 "m"(*(volatile uint##bits##_t *)reg)                              \
				 : "memory");                                                      \
	}                                                                                          \
	static inline uint##bits##_t uk_mmio_read##bits(const volatile void *reg)                  \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
		__asm__ volatile(load " %0, %1\n\tfence i, r"                                      \
				 : "=r"(v)                                                         \
				 : "m"(*(const volatile uint##bits##_t *)reg)                      \
				 : "memory");                                                      \
		return v;                                                                          \
	}
UK_MMIO_ACCESS(8, "sb", "lbu")
UK_MMIO_ACCESS(16, "sh", "lhu")
UK_MMIO_ACCESS(32, "sw", "lwu")

#include <uk/arch/io_any.h>

#endif
