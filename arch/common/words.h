/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words at any address, for the string.c of a CPU whose ordinary memory allows that. Up to 32 bytes are done by a few loads,
 * then a few stores, that overlap in the middle: no loop, and right for overlapping areas too, as nothing is stored
 * before all is loaded.
 */
#ifndef ARCH_WORDS_H
#define ARCH_WORDS_H

#include <uk/sanitize.h>
#include <uk/string.h>

typedef uint64_t __attribute__((__may_alias__, __aligned__(1))) word;
typedef uint32_t __attribute__((__may_alias__, __aligned__(1))) half;

#define WORD(p, offset) (*(word *)((char *)(p) + (offset)))
#define HALF(p, offset) (*(half *)((char *)(p) + (offset)))
#define BYTE(p, offset) (((char *)(p))[offset])

#define SMALL 32

static inline void copy_small(void *d, void *s, size_t n)
{
	if (n >= 16) {
		uint64_t a = WORD(s, 0), b = WORD(s, 8), y = WORD(s, n - 16), z = WORD(s, n - 8);

		WORD(d, 0) = a;
		WORD(d, 8) = b;
		WORD(d, n - 16) = y;
		WORD(d, n - 8) = z;
	} else if (n >= 8) {
		uint64_t a = WORD(s, 0), z = WORD(s, n - 8);

		WORD(d, 0) = a;
		WORD(d, n - 8) = z;
	} else if (n >= 4) {
		uint32_t a = HALF(s, 0), z = HALF(s, n - 4);

		HALF(d, 0) = a;
		HALF(d, n - 4) = z;
	} else if (n) {
		char a = BYTE(s, 0), m = BYTE(s, n / 2), z = BYTE(s, n - 1);

		BYTE(d, 0) = a;
		BYTE(d, n / 2) = m;
		BYTE(d, n - 1) = z;
	}
}

/* Below 16 bytes; v is one of them, in each of its own. */
static inline void fill_few(void *d, uint64_t v, size_t n)
{
	if (n >= 8) {
		WORD(d, 0) = v;
		WORD(d, n - 8) = v;
	} else if (n >= 4) {
		HALF(d, 0) = (uint32_t)v;
		HALF(d, n - 4) = (uint32_t)v;
	} else if (n) {
		BYTE(d, 0) = (char)v;
		BYTE(d, n / 2) = (char)v;
		BYTE(d, n - 1) = (char)v;
	}
}

int memcmp(const void *a, const void *b, size_t n)
{
	const char *p = a, *q = b;

	uk_sanitize_read(a, n);
	uk_sanitize_read(b, n);
	for (; n >= 8; n -= 8, p += 8, q += 8) {
		uint64_t x = WORD(p, 0), y = WORD(q, 0);

		if (x != y) /* the first byte in memory decides: make it the highest */
			return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return (unsigned char)*p - (unsigned char)*q;
	return 0;
}

#endif
