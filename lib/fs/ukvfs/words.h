/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading path names eight bytes at a time: find where a word ends with arithmetic (Warren, Hacker's
 * Delight, 6-1), cut it off there, hash it. All machines that we know are little endian.
 */
#ifndef WORDS_H
#define WORDS_H

#include <uk/bits.h>
#include "vfs_priv.h"

typedef unsigned long __attribute__((__may_alias__, __aligned__(1))) word_t;

#define ONES  (~0UL / 255)
#define HIGHS (ONES * 128)

/* Bit 7 of the first byte that is 0 is the lowest bit set; 0 if there is none. */
static inline unsigned long find_zero(unsigned long w)
{
	return (w - ONES) & ~w & HIGHS;
}

/* The same for the first byte that is 0 or `/`. */
static inline unsigned long find_end(unsigned long w)
{
	return ((w - ONES) | ((w ^ ONES * '/') - ONES)) & ~w & HIGHS;
}

/* Ones for the bytes below the one that was found. */
static inline unsigned long below_end(unsigned long ends)
{
	return (ends ^ (ends - 1)) >> 8;
}

/* Multiplicative: the high bits of the result depend on all bytes so far. */
static inline unsigned long hash_word(unsigned long h, unsigned long w)
{
	return (h + w) * 0x9e3779b97f4a7c15UL;
}

/* Eight bytes from p on; reads up to seven bytes behind the end of the string, never the next page. */
__attribute__((__no_sanitize_address__)) static inline unsigned long load_word(const char *p)
{
	unsigned long w = 0;
	unsigned i;

	if (UK_LIKELY((uintptr_t)p % VFS_BLOCK <= VFS_BLOCK - sizeof(w)))
		return *(const word_t *)p;
	for (i = 0; i < sizeof(w) && (i == 0 || p[i - 1]); i++)
		w |= (unsigned long)(unsigned char)p[i] << 8 * i;
	return w;
}

#endif
