/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * I/O ports, and device registers in memory. Every access may be an exit to the hypervisor.
 */
#ifndef UK_ARCH_IO_H
#define UK_ARCH_IO_H

#include <uk/essentials.h>

static inline void uk_outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline void uk_outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static inline void uk_outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t uk_inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t uk_inw(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t uk_inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* n bytes to one port; a hypervisor can take the whole string in one exit. */
static inline void uk_outsb(uint16_t port, const void *buf, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(buf), "+c"(n) : "d"(port) : "memory");
}

static inline void uk_mmio_write8(volatile void *reg, uint8_t v)
{
	__asm__ volatile("movb %0, %1" ::"q"(v), "m"(*(volatile uint8_t *)reg) : "memory");
}

static inline void uk_mmio_write16(volatile void *reg, uint16_t v)
{
	__asm__ volatile("movw %0, %1" ::"r"(v), "m"(*(volatile uint16_t *)reg) : "memory");
}

static inline uint8_t uk_mmio_read8(const volatile void *reg)
{
	uint8_t v;

	__asm__ volatile("movb %1, %0" : "=q"(v) : "m"(*(const volatile uint8_t *)reg) : "memory");
	return v;
}

static inline uint16_t uk_mmio_read16(const volatile void *reg)
{
	uint16_t v;

	__asm__ volatile("movw %1, %0" : "=r"(v) : "m"(*(const volatile uint16_t *)reg) : "memory");
	return v;
}

static inline void uk_mmio_write32(volatile void *reg, uint32_t v)
{
	__asm__ volatile("movl %0, %1" ::"r"(v), "m"(*(volatile uint32_t *)reg) : "memory");
}

static inline uint32_t uk_mmio_read32(const volatile void *reg)
{
	uint32_t v;

	__asm__ volatile("movl %1, %0" : "=r"(v) : "m"(*(const volatile uint32_t *)reg) : "memory");
	return v;
}

#include <uk/arch/io_any.h>

#endif
