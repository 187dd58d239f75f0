/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The four mem* functions, for the kernel and the application: general registers only, because an
 * interrupt handler may call them.
 *
 * Words are read and written at aligned addresses only: others are slow, or emulated by firmware. Where source and
 * destination lie differently to their words, two words that were read become one that is written.
 */
#include <uk/essentials.h>
#include <uk/sanitize.h>
#include <uk/string.h>

typedef uint64_t __attribute__((__may_alias__)) word;

#define W     8UL
#define SMALL 16 /* below it not worth aligning for */

static inline size_t into(const void *p)
{
	return (uintptr_t)p & (W - 1);
}

/*
 * Also right if dst lies below src and they overlap: all is loaded before what is stored can reach it.
 */
void *memcpy(void *dst, const void *src, size_t n)
{
	const char *s = src;
	char *d = dst;

	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	if (n >= SMALL) {
		for (; into(d); n--)
			*d++ = *s++;
		if (!into(s)) {
			for (; n >= 4 * W; n -= 4 * W, d += 4 * W, s += 4 * W) {
				const word *from = (const word *)s;
				uint64_t a = from[0], b = from[1], c = from[2], e = from[3];
				word *to = (word *)d;

				to[0] = a;
				to[1] = b;
				to[2] = c;
				to[3] = e;
			}
			for (; n >= W; n -= W, d += W, s += W)
				*(word *)d = *(const word *)s;
		} else {
			unsigned shift = 8 * (unsigned)into(s);
			const word *from = (const word *)(s - into(s));
			uint64_t low = *from++;

			for (; n >= 4 * W; n -= 4 * W, d += 4 * W, s += 4 * W, from += 4) {
				uint64_t a = from[0], b = from[1], c = from[2], e = from[3];
				word *to = (word *)d;

				to[0] = low >> shift | a << (64 - shift);
				to[1] = a >> shift | b << (64 - shift);
				to[2] = b >> shift | c << (64 - shift);
				to[3] = c >> shift | e << (64 - shift);
				low = e;
			}
			for (; n >= W; n -= W, d += W, s += W) {
				uint64_t high = *from++;

				*(word *)d = low >> shift | high << (64 - shift);
				low = high;
			}
		}
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	const char *s = (const char *)src + n;
	char *d = (char *)dst + n;

	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	uk_sanitize_read(src, n);
	uk_sanitize_write(dst, n);
	if (n >= SMALL) {
		for (; into(d); n--)
			*--d = *--s;
		if (!into(s)) {
			for (; n >= W; n -= W) {
				d -= W;
				s -= W;
				*(word *)d = *(const word *)s;
			}
		} else {
			unsigned shift = 8 * (unsigned)into(s);
			const word *from = (const word *)(s - into(s));
			uint64_t high = *from;

			for (; n >= W; n -= W) {
				uint64_t low = *--from;

				d -= W;
				s -= W;
				*(word *)d = low >> shift | high << (64 - shift);
				high = low;
			}
		}
	}
	while (n--)
		*--d = *--s;
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	uint64_t v = (unsigned char)c * 0x0101010101010101UL;
	char *d = dst;

	uk_sanitize_write(dst, n);
	if (n >= SMALL) {
		for (; into(d); n--)
			*d++ = (char)c;
		for (; n >= 8 * W; n -= 8 * W, d += 8 * W) {
			word *to = (word *)d;

			to[0] = v;
			to[1] = v;
			to[2] = v;
			to[3] = v;
			to[4] = v;
			to[5] = v;
			to[6] = v;
			to[7] = v;
		}
		for (; n >= W; n -= W, d += W)
			*(word *)d = v;
	}
	while (n--)
		*d++ = (char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	uk_sanitize_read(a, n);
	uk_sanitize_read(b, n);
	if (n >= SMALL && into(p) == into(q)) {
		for (; into(p); n--, p++, q++)
			if (*p != *q)
				return *p - *q;
		/* Where words differ, their bytes tell. */
		for (; n >= W && *(const word *)p == *(const word *)q; n -= W, p += W, q += W)
			;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}
