/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bit tools: find first and last set bit, powers of two, rotations.
 */
#ifndef UK_BITS_H
#define UK_BITS_H

#include <uk/essentials.h>

#define UK_BIT(n) (1UL << (n))

/* Index of the lowest set bit; undefined for 0. */
static inline unsigned uk_ctz(unsigned long x)
{
	return (unsigned)__builtin_ctzl(x);
}

/* Index of the highest set bit; undefined for 0. */
static inline unsigned uk_fls(unsigned long x)
{
	return (unsigned)(8 * sizeof(x) - 1) - (unsigned)__builtin_clzl(x);
}

static inline bool uk_is_pow2(unsigned long x)
{
	return x && !(x & (x - 1));
}

/* The smallest n with 2^n >= x, for x >= 1. */
static inline unsigned uk_log2_ceil(unsigned long x)
{
	return x <= 1 ? 0 : uk_fls(x - 1) + 1;
}

static inline uint32_t uk_rol32(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

#endif
