/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers as users write them: decimal, 0x…, and the size suffixes k, m and g.
 */
#include <uk/errno.h>
#include <uk/essentials.h>
#include <uk/string.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* The power of 1,024 that a suffix stands for, as a shift; -1 if it is none. */
static int suffix_shift(const char *s)
{
	int shift;

	switch (*s | 0x20) {
	case 0x20:
		return *s ? -1 : 0;
	case 'k':
		shift = 10;
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	default:
		return -1;
	}
	return s[1] ? -1 : shift;
}

int uk_parse_u64(const char *s, uint64_t *value)
{
	unsigned base = 10;
	uint64_t v = 0;
	int shift, d;

	if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	}
	if (digit_value(*s) >= (int)base)
		return -EINVAL;
	for (; (d = digit_value(*s)) < (int)base; s++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return -ERANGE;
	shift = suffix_shift(s);
	if (shift < 0)
		return -EINVAL;
	if (v << shift >> shift != v)
		return -ERANGE;
	*value = v << shift;
	return 0;
}
