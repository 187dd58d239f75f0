/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The four mem* functions, for the kernel and the application: general registers only, because an
 * interrupt handler may call them.
 *
 * Pairs of words. What does not fill a pair is done by a few loads, then a few stores, that overlap with what was done
 * already.
 */
#include <uk/essentials.h>
#include <uk/sanitize.h>
#include <uk/string.h>

#include "common/words.h"

#define STEP 64

/* Loads all of it, in any order, before it stores. */
static inline void copy_line(char *d, const char *s)
{
	uint64_t a = WORD(s, 0), b = WORD(s, 8), c = WORD(s, 16), e = WORD(s, 24);
	uint64_t f = WORD(s, 32), g = WORD(s, 40), h = WORD(s, 48), i = WORD(s, 56);

	WORD(d, 0) = a;
	WORD(d, 8) = b;
	WORD(d, 16) = c;
	WORD(d, 24) = e;
	WORD(d, 32) = f;
	WORD(d, 40) = g;
	WORD(d, 48) = h;
	WORD(d, 56) = i;
}

/*
 * Also right if dst lies below src and they overlap: the last two pairs are loaded before they can change.
 */
void *memcpy(void *dst, const void *src, size_t n)
{
	char *d = dst, *s = (char *)(uintptr_t)src;
	uint64_t w, x, y, z;

	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	if (n <= SMALL) {
		copy_small(d, s, n);
		return dst;
	}
	w = WORD(s, n - 32);
	x = WORD(s, n - 24);
	y = WORD(s, n - 16);
	z = WORD(s, n - 8);
	for (; n > STEP; n -= STEP, d += STEP, s += STEP)
		copy_line(d, s);
	if (n > SMALL) {
		uint64_t a = WORD(s, 0), b = WORD(s, 8), c = WORD(s, 16), e = WORD(s, 24);

		WORD(d, 0) = a;
		WORD(d, 8) = b;
		WORD(d, 16) = c;
		WORD(d, 24) = e;
	}
	WORD(d, n - 32) = w;
	WORD(d, n - 24) = x;
	WORD(d, n - 16) = y;
	WORD(d, n - 8) = z;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst, *s = (char *)(uintptr_t)src;

	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	for (; n > STEP; n -= STEP)
		copy_line(d + n - STEP, s + n - STEP);
	if (n > SMALL) {
		uint64_t a = WORD(s, 0), b = WORD(s, 8), c = WORD(s, 16), e = WORD(s, 24);
		uint64_t w = WORD(s, n - 32), x = WORD(s, n - 24), y = WORD(s, n - 16),
			 z = WORD(s, n - 8);

		WORD(d, 0) = a;
		WORD(d, 8) = b;
		WORD(d, 16) = c;
		WORD(d, 24) = e;
		WORD(d, n - 32) = w;
		WORD(d, n - 24) = x;
		WORD(d, n - 16) = y;
		WORD(d, n - 8) = z;
	} else {
		copy_small(d, s, n);
	}
	return dst;
}

static inline void fill_line(char *d, uint64_t v)
{
	WORD(d, 0) = v;
	WORD(d, 8) = v;
	WORD(d, 16) = v;
	WORD(d, 24) = v;
	WORD(d, 32) = v;
	WORD(d, 40) = v;
	WORD(d, 48) = v;
	WORD(d, 56) = v;
}

/*
 * Zero is written by the line, with an instruction for that (DDI 0487 §C6.2.109), if it is allowed and lines are as long as nearly
 * all CPUs have them.
 */
static inline bool zeroes_lines(void)
{
	uint64_t id;

	__asm__("mrs %0, dczid_el0" : "=r"(id));
	return id == 4; /* words in a line, as a power of two; above it, what forbids it */
}

static inline void zero_line(char *d)
{
	__asm__ volatile("dc zva, %0" ::"r"(d) : "memory");
}

void *memset(void *dst, int c, size_t n)
{
	uint64_t v = (unsigned char)c * 0x0101010101010101UL;
	char *d = dst, *end = d + n;

	uk_sanitize_write(dst, n);
	if (n < 16) {
		fill_few(d, v, n);
		return dst;
	}
	if (n >= 8 * STEP && !v && zeroes_lines()) {
		fill_line(d, 0);
		fill_line(end - STEP, 0);
		end -= 2 * STEP;
		fill_line(end, 0);
		d = (char *)UK_ALIGN_UP((uintptr_t)d, STEP);
		do {
			zero_line(d);
			zero_line(d + STEP);
			d += 2 * STEP;
		} while (d <= end);
		return dst;
	}
	WORD(end, -16) = v;
	WORD(end, -8) = v;
	for (; n >= STEP; n -= STEP, d += STEP)
		fill_line(d, v);
	for (; n >= 16; n -= 16, d += 16) {
		WORD(d, 0) = v;
		WORD(d, 8) = v;
	}
	return dst;
}
