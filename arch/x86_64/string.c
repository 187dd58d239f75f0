/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The four mem* functions, for the kernel and the application: general registers only, because an
 * interrupt handler may call them.
 *
 * Beyond 32 bytes a string instruction in words of 8, which the CPU turns into whole cache lines, and one
 * overlapping word for the rest.
 */
#include <uk/essentials.h>
#include <uk/sanitize.h>
#include <uk/string.h>

#include "common/words.h"

/*
 * Also right if dst lies below src and they overlap: the last word is loaded before it can change.
 */
void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;
	size_t words;
	uint64_t z;

	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	if (n <= SMALL) {
		copy_small(dst, (void *)src, n);
		return dst;
	}
	words = (n - 1) / 8;
	z = WORD(src, n - 8);
	__asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words)::"memory");
	WORD(dst, n - 8) = z;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	const void *s = (const char *)src + n - 8;
	void *d = (char *)dst + n - 8;
	size_t words = (n - 1) / 8;
	uint64_t a;

	if (n <= SMALL || (uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	a = WORD(src, 0);
	__asm__ volatile("std; rep movsq; cld" : "+D"(d), "+S"(s), "+c"(words)::"memory");
	WORD(dst, 0) = a;
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint64_t v = (unsigned char)c * 0x0101010101010101UL;
	size_t words = (n - 1) / 8;
	void *d = dst;

	uk_sanitize_write(dst, n);
	if (n > SMALL) {
		WORD(dst, n - 8) = v;
		__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(v) : "memory");
	} else if (n >= 16) {
		WORD(d, 0) = v;
		WORD(d, 8) = v;
		WORD(d, n - 16) = v;
		WORD(d, n - 8) = v;
	} else {
		fill_few(d, v, n);
	}
	return dst;
}
