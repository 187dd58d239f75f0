/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The length of a string by blocks of 16 bytes, which every x86-64 processor compares at once.
 * Reads whole aligned blocks, so never from a page that the string is not on.
 */
#include <stdint.h>
#include <string.h>

typedef char block __attribute__((__vector_size__(16), __may_alias__));

/* Bit i: byte i of the block is zero. */
static inline unsigned zeros(const block *p)
{
	return (unsigned)__builtin_ia32_pmovmskb128(*p == (block){ 0 });
}

size_t strlen(const char *s)
{
	const block *p = (const block *)((uintptr_t)s & -sizeof(block));
	unsigned found = zeros(p) >> (uintptr_t)s % sizeof(block);

	if (found)
		return (size_t)__builtin_ctz(found);
	do
		found = zeros(++p);
	while (!found);
	return (size_t)((const char *)p - s) + (size_t)__builtin_ctz(found);
}
