/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Functions that a compiler calls on its own where the CPU has no instruction: complex numbers,
 * 128-bit division and conversion, counting bits.
 *
 * The compiler's own library (libgcc) is not linked: it is compiled with a red zone below the stack
 * pointer, where an interrupt on the same stack writes.
 */
#include <math.h>
#include <stdint.h>
#include "div_step.h"

typedef __int128 i128;
typedef unsigned __int128 u128;

/* ---- complex numbers: C11 annex G.5.1, where infinities win over the NaNs that formulas give ---- */

/* What an infinite or other component counts for where only infinities matter. */
#define BOX(t, x)   ((t)__builtin_copysignl(isinf(x) ? 1 : 0, x))
#define SIGN0(t, x) (isnan(x) ? (t)__builtin_copysignl(0, x) : (x))

#define DEFINE_MUL(name, t)                                                                        \
	t _Complex name(t a, t b, t c, t d)                                                        \
	{                                                                                          \
		t ac = a * c, bd = b * d, ad = a * d, bc = b * c;                                  \
		t re = ac - bd, im = ad + bc;                                                      \
		int again = 0;                                                                     \
                                                                                                   \
		if (__builtin_expect(!isnan(re) || !isnan(im), 1))                                 \
			goto out;                                                                  \
		if (isinf(a) || isinf(b)) {                                                        \
			a = BOX(t, a), b = BOX(t, b);                                              \
			c = SIGN0(t, c), d = SIGN0(t, d);                                          \
			again = 1;                                                                 \
		}                                                                                  \
		if (isinf(c) || isinf(d)) {                                                        \
			c = BOX(t, c), d = BOX(t, d);                                              \
			a = SIGN0(t, a), b = SIGN0(t, b);                                          \
			again = 1;                                                                 \
		}                                                                                  \
		if (!again && (isinf(ac) || isinf(bd) || isinf(ad) || isinf(bc))) {                \
			a = SIGN0(t, a), b = SIGN0(t, b);                                          \
			c = SIGN0(t, c), d = SIGN0(t, d);                                          \
			again = 1;                                                                 \
		}                                                                                  \
		if (again) {                                                                       \
			re = (t)INFINITY * (a * c - b * d);                                        \
			im = (t)INFINITY * (a * d + b * c);                                        \
		}                                                                                  \
	out:;                                                                                      \
		t _Complex z;                                                                      \
		__real__ z = re;                                                                   \
		__imag__ z = im;                                                                   \
		return z;                                                                          \
	}

/* Scaled by the divisor's exponent, so that neither overflows on the way. */
#define DEFINE_DIV(name, t, logb_, scalbn_)                                                        \
	t _Complex name(t a, t b, t c, t d)                                                        \
	{                                                                                          \
		t ac = __builtin_fabsl(c), ad = __builtin_fabsl(d);                                \
		t big = logb_(isnan(ad) || ac > ad ? ac : ad);                                     \
		int k = 0;                                                                         \
		t _Complex z;                                                                      \
                                                                                                   \
		if (isfinite(big)) {                                                               \
			k = -(int)big;                                                             \
			c = scalbn_(c, k), d = scalbn_(d, k);                                      \
		}                                                                                  \
		t norm = c * c + d * d;                                                            \
		t re = scalbn_((a * c + b * d) / norm, k);                                         \
		t im = scalbn_((b * c - a * d) / norm, k);                                         \
                                                                                                   \
		if (isnan(re) && isnan(im)) {                                                      \
			if (norm == 0 && (!isnan(a) || !isnan(b))) {                               \
				t inf = (t)__builtin_copysignl(INFINITY, c);                       \
                                                                                                   \
				re = inf * a;                                                      \
				im = inf * b;                                                      \
			} else if ((isinf(a) || isinf(b)) && isfinite(c) && isfinite(d)) {         \
				a = BOX(t, a), b = BOX(t, b);                                      \
				re = (t)INFINITY * (a * c + b * d);                                \
				im = (t)INFINITY * (b * c - a * d);                                \
			} else if (isinf(big) && big > 0 && isfinite(a) && isfinite(b)) {          \
				c = BOX(t, c), d = BOX(t, d);                                      \
				re = 0 * (a * c + b * d);                                          \
				im = 0 * (b * c - a * d);                                          \
			}                                                                          \
		}                                                                                  \
		__real__ z = re;                                                                   \
		__imag__ z = im;                                                                   \
		return z;                                                                          \
	}

DEFINE_MUL(__mulsc3, float)
DEFINE_MUL(__muldc3, double)
DEFINE_MUL(__mulxc3, long double)
DEFINE_DIV(__divsc3, float, logbf, scalbnf)
DEFINE_DIV(__divdc3, double, logb, scalbn)
DEFINE_DIV(__divxc3, long double, logbl, scalbnl)

#define DEFINE_POWI(name, t)                                                                       \
	t name(t x, int n)                                                                         \
	{                                                                                          \
		unsigned m = n < 0 ? -(unsigned)n : (unsigned)n;                                   \
		t r = 1;                                                                           \
                                                                                                   \
		for (;; x *= x) {                                                                  \
			if (m & 1)                                                                 \
				r *= x;                                                            \
			if (!(m >>= 1))                                                            \
				return n < 0 ? 1 / r : r;                                          \
		}                                                                                  \
	}

DEFINE_POWI(__powisf2, float)
DEFINE_POWI(__powidf2, double)
DEFINE_POWI(__powixf2, long double)

/* ---- 128-bit integers ---- */

u128 __udivmodti4(u128 n, u128 d, u128 *rest)
{
	uint64_t high, r;
	u128 q = 0;
	int shift;

	if (!(d >> 64)) {
		high = (uint64_t)(n >> 64) / (uint64_t)d; /* traps for 0, as any division */
		q = div_step((uint64_t)(n >> 64) % (uint64_t)d, (uint64_t)n, (uint64_t)d, &r);
		if (rest)
			*rest = r;
		return (u128)high << 64 | q;
	}
	/* The quotient is below 2^64: one bit at a time from where the divisor fits. */
	if (n >= d) {
		shift = __builtin_clzll((uint64_t)(d >> 64)) - __builtin_clzll((uint64_t)(n >> 64));
		for (d <<= shift; shift >= 0; shift--, d >>= 1) {
			q <<= 1;
			if (n >= d) {
				n -= d;
				q |= 1;
			}
		}
	}
	if (rest)
		*rest = n;
	return q;
}

u128 __udivti3(u128 n, u128 d)
{
	return __udivmodti4(n, d, 0);
}

u128 __umodti3(u128 n, u128 d)
{
	u128 r;

	__udivmodti4(n, d, &r);
	return r;
}

static u128 magnitude(i128 x)
{
	return x < 0 ? -(u128)x : (u128)x;
}

i128 __divti3(i128 n, i128 d)
{
	u128 q = __udivmodti4(magnitude(n), magnitude(d), 0);

	return (i128)((n < 0) != (d < 0) ? -q : q);
}

i128 __modti3(i128 n, i128 d)
{
	u128 r;

	__udivmodti4(magnitude(n), magnitude(d), &r);
	return (i128)(n < 0 ? -r : r);
}

/*
 * To floating point: the upper 64 significant bits, the lowest of them 1 if anything below is
 * lost, so that the final conversion rounds as if it saw all.
 */
#define DEFINE_FLOAT(name, t, scalbn_)                                                             \
	t __floatunti##name(u128 x)                                                                \
	{                                                                                          \
		int shift;                                                                         \
                                                                                                   \
		if (!(x >> 64))                                                                    \
			return (t)(uint64_t)x;                                                     \
		shift = 64 - __builtin_clzll((uint64_t)(x >> 64));                                 \
		uint64_t top = (uint64_t)(x >> shift);                                             \
                                                                                                   \
		top |= (x & (((u128)1 << shift) - 1)) != 0;                                        \
		return scalbn_((t)top, shift);                                                     \
	}                                                                                          \
	t __floatti##name(i128 x)                                                                  \
	{                                                                                          \
		return x < 0 ? -__floatunti##name(magnitude(x)) : __floatunti##name((u128)x);      \
	}

DEFINE_FLOAT(sf, float, scalbnf)
DEFINE_FLOAT(df, double, scalbn)

u128 __fixunsdfti(double x)
{
	if (x < 18446744073709551616.0)
		return (uint64_t)x;
	uint64_t high = (uint64_t)(x / 18446744073709551616.0);

	return (u128)high << 64 | (uint64_t)(x - high * 18446744073709551616.0);
}

i128 __fixdfti(double x)
{
	return x < 0 ? -(i128)__fixunsdfti(-x) : (i128)__fixunsdfti(x);
}

u128 __fixunssfti(float x)
{
	return __fixunsdfti(x);
}

i128 __fixsfti(float x)
{
	return __fixdfti(x);
}

/* ---- bits ---- */

int __popcountdi2(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)(x * 0x0101010101010101 >> 56);
}

int __popcountsi2(uint32_t x)
{
	return __popcountdi2(x);
}

int __popcountti2(u128 x)
{
	return __popcountdi2((uint64_t)x) + __popcountdi2((uint64_t)(x >> 64));
}
