/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Comparing without regard to case, with no call for each letter: servers find the names of commands and headers
 * with it. The locales of musl have no other letters among single bytes than ASCII's.
 */
#include <strings.h>
#include <locale.h>

static inline unsigned lower(unsigned c)
{
	return c - 'A' < 26 ? c | 32 : c;
}

int strcasecmp(const char *a, const char *b)
{
	const unsigned char *l = (const void *)a, *r = (const void *)b;
	unsigned x, y;

	do {
		x = *l++;
		y = *r++;
		if (x != y) {
			x = lower(x);
			y = lower(y);
		}
	} while (x && x == y);
	return (int)x - (int)y;
}

int __strcasecmp_l(const char *a, const char *b, locale_t l)
{
	return strcasecmp(a, b);
}

int strcasecmp_l(const char *, const char *, locale_t)
	__attribute__((__weak__, __alias__("__strcasecmp_l")));
