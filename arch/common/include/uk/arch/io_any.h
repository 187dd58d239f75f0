/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device registers whose width is known at run time: a part of <uk/arch/io.h>, which has those of each width.
 */
#ifndef UK_ARCH_IO_ANY_H
#define UK_ARCH_IO_ANY_H

/* A register of n bytes: 1, 2 or 4. */
static inline uint32_t uk_mmio_read(const volatile void *reg, unsigned n)
{
	return n == 1 ? uk_mmio_read8(reg) : n == 2 ? uk_mmio_read16(reg) : uk_mmio_read32(reg);
}

static inline void uk_mmio_write(volatile void *reg, unsigned n, uint32_t v)
{
	if (n == 1)
		uk_mmio_write8(reg, (uint8_t)v);
	else if (n == 2)
		uk_mmio_write16(reg, (uint16_t)v);
	else
		uk_mmio_write32(reg, v);
}

#endif
