/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ending the program, and text to number. Overflow saturates as in ISO C; there is no errno.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uk/boot.h>

#define STATUS_ABORT 134 /* what a shell reports for a process ended by SIGABRT */

void exit(int status)
{
	uk_exit(status);
}

void abort(void)
{
	uk_exit(STATUS_ABORT);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : INT_MAX;
}

/* Magnitude and sign; *sat tells that the magnitude does not fit. */
static unsigned long parse(const char *s, char **end, int base, bool *neg, bool *sat)
{
	const char *start = s;
	unsigned long v = 0;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	*neg = *s == '-';
	*sat = false;
	s += *s == '-' || *s == '+';
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
		s += 2;
		base = 16;
	}
	if (!base)
		base = *s == '0' ? 8 : 10;
	if (digit(*s) >= base) {
		if (end)
			*end = (char *)start;
		return 0;
	}
	for (; digit(*s) < base; s++)
		*sat |= __builtin_mul_overflow(v, (unsigned long)base, &v) ||
			__builtin_add_overflow(v, (unsigned long)digit(*s), &v);
	if (end)
		*end = (char *)s;
	return v;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	bool neg, sat;
	unsigned long v = parse(s, end, base, &neg, &sat);

	return sat ? ULONG_MAX : neg ? -v : v;
}

long strtol(const char *s, char **end, int base)
{
	bool neg, sat;
	unsigned long v = parse(s, end, base, &neg, &sat);

	if (sat || v > (unsigned long)LONG_MAX + neg)
		return neg ? LONG_MIN : LONG_MAX;
	return neg ? (long)-v : (long)v;
}

long atol(const char *s)
{
	return strtol(s, NULL, 10);
}

int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}
