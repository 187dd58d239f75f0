/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Product and quotient of two long doubles: 128 bits (IEEE 754 binary128), for which the CPU has no instructions. Rounding mode and
 * exceptions are those of its own arithmetic, in FPCR and FPSR (DDI 0487, C5.2).
 *
 * All else of this kind is the compiler's (libgcc). Its two functions of these names use register x18, which has
 * another meaning in a process with several CPUs (plat/linuxu/arm64/thiscpu.py).
 */
#include <stdint.h>

typedef unsigned __int128 u128;

#define FRACTION  112 /* bits of it */
#define BIAS      0x3fff
#define EXP_MAX   0x7fff /* infinities, and what is no number */
#define ONE       ((u128)1 << FRACTION)
#define INF       ((u128)EXP_MAX << FRACTION)
#define QUIET     (ONE >> 1) /* of what is no number */
#define SIGN      ((u128)1 << 127)
#define NO_NUMBER (SIGN - 1) /* what becomes of numbers that have no result: as of libgcc */
#define SPARE     15         /* bits that a significand has below its last one while we calculate */

/* Exceptions in FPSR. */
#define INVALID   1U
#define BY_ZERO   2U
#define OVERFLOW  4U
#define UNDERFLOW 8U
#define INEXACT   16U

/* Rounding modes in FPCR. */
enum { NEAREST, UP, DOWN, TO_ZERO };

union quad {
	long double value;
	u128 bits;
};

static void note(unsigned exceptions)
{
	uint64_t fpsr;

	__asm__ volatile("mrs %0, fpsr" : "=r"(fpsr));
	__asm__ volatile("msr fpsr, %0" ::"r"(fpsr | exceptions));
}

static long double result(u128 sign, u128 bits, unsigned exceptions)
{
	union quad r = { .bits = sign | bits };

	if (exceptions)
		note(exceptions);
	return r.value;
}

/* The one of two operands that is no number, made quiet: one that was not quiet before another. */
static long double no_number(u128 a, u128 b)
{
	int a_is = (a & ~SIGN) > INF, b_is = (b & ~SIGN) > INF;
	int a_signals = a_is && !(a & QUIET), b_signals = b_is && !(b & QUIET);
	u128 r = a_is && (a_signals || !b_signals) ? a : b;

	return result(0, r | QUIET, a_signals || b_signals ? INVALID : 0);
}

/* The significand, with its first bit at FRACTION, of a number but 0; its exponent, with bias, to *e. */
static u128 digits_of(u128 bits, int *e)
{
	u128 m = bits & (ONE - 1);
	int shift;

	*e = (int)(bits >> FRACTION) & EXP_MAX;
	if (*e)
		return m | ONE;
	shift = m >> 64 ? __builtin_clzll((uint64_t)(m >> 64)) : 64 + __builtin_clzll((uint64_t)m);
	shift -= 127 - FRACTION;
	*e = 1 - shift;
	return m << shift;
}

/* The number with this significand, whose first bit is 127, and this exponent; `more`: there would be bits behind. */
static long double rounded(u128 sign, int e, u128 m, int more)
{
	const u128 half = (u128)1 << (SPARE - 1);
	unsigned exceptions = 0;
	uint64_t fpcr;
	unsigned mode;
	u128 rest;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	mode = fpcr >> 22 & 3;
	m |= more;
	if (e <= 0) { /* too small to begin with a 1 */
		m = e > -127 ? m >> (1 - e) | (m << (127 + e) != 0) : 1;
		e = 1;
		exceptions = UNDERFLOW;
	}
	rest = m & ((1U << SPARE) - 1);
	m >>= SPARE;
	if (mode == NEAREST ? rest > half || (rest == half && (m & 1))
			    : rest && mode == (sign ? DOWN : UP))
		m++;
	exceptions = rest ? exceptions | INEXACT : 0; /* what is small and exact is no underflow */
	if (e >= EXP_MAX)
		m = mode == NEAREST || mode == (sign ? DOWN : UP) ? INF : INF - 1;
	else
		m += (u128)(e - 1) << FRACTION; /* its first bit counts as 1 */
	if (e >= EXP_MAX || m >= INF)
		exceptions = OVERFLOW | INEXACT;
	return result(sign, m, exceptions);
}

long double __multf3(long double x, long double y)
{
	const union quad ux = { x }, uy = { y };
	const u128 a = ux.bits & ~SIGN, b = uy.bits & ~SIGN, sign = (ux.bits ^ uy.bits) & SIGN;
	u128 m, n, low, left, right, middle, high;
	int e, f;

	if (a > INF || b > INF)
		return no_number(ux.bits, uy.bits);
	if (a == INF || b == INF)
		return a && b ? result(sign, INF, 0) : result(0, NO_NUMBER, INVALID);
	if (!a || !b)
		return result(sign, 0, 0);
	m = digits_of(a, &e) << SPARE;
	n = digits_of(b, &f) << SPARE;
	low = (u128)(uint64_t)m * (uint64_t)n;
	left = (m >> 64) * (uint64_t)n;
	right = (n >> 64) * (uint64_t)m;
	middle = (low >> 64) + (uint64_t)left + (uint64_t)right;
	high = (m >> 64) * (n >> 64) + (left >> 64) + (right >> 64) + (middle >> 64);
	low = middle << 64 | (uint64_t)low;
	e += f - BIAS + 1;
	if (!(high >> 127)) {
		high = high << 1 | low >> 127;
		low <<= 1;
		e--;
	}
	return rounded(sign, e, high, low != 0);
}

long double __divtf3(long double x, long double y)
{
	const union quad ux = { x }, uy = { y };
	const u128 a = ux.bits & ~SIGN, b = uy.bits & ~SIGN, sign = (ux.bits ^ uy.bits) & SIGN;
	u128 rest, n, quotient = 0;
	int e, f;

	if (a > INF || b > INF)
		return no_number(ux.bits, uy.bits);
	if (a == INF || b == INF)
		return a != b ? result(sign, a == INF ? INF : 0, 0) : result(0, NO_NUMBER, INVALID);
	if (!a || !b)
		return a || b ? result(sign, a ? INF : 0, a ? BY_ZERO : 0)
			      : result(0, NO_NUMBER, INVALID);
	rest = digits_of(a, &e) << 10;
	n = digits_of(b, &f) << 11;
	e += BIAS - f;
	if (rest < n >> 1) {
		rest <<= 1;
		e--;
	}
	/*
	 * rest / n is below 1, and not below one half. 32 bits at a time: the divisor's first 32, and 1, are too much, so each time we
	 * get at most 3 too few. What is left is then below 4 n, which is below 2^126.
	 */
	for (int i = 0; i < 4; i++) {
		uint64_t digit = (uint64_t)(rest >> 60) / ((uint64_t)(n >> 92) + 1);

		rest = (rest << 32) - n * digit;
		while (rest >= n) {
			rest -= n;
			digit++;
		}
		quotient = quotient << 32 | digit;
	}
	return rounded(sign, e, quotient, rest != 0);
}
