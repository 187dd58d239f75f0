/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compares lib/libc/musl/overlay/aarch64/quad.c, compiled to functions our_mul() and our_div(), with the compiler's own: every bit of the result and
 * the exceptions, in all rounding modes, for numbers of all kinds. A Linux program without a libc; its first argument is how many pairs. It ends with 0, or
 * with 1 and a first difference on its output.
 */
#include <stdint.h>

typedef unsigned __int128 u128;

long double our_mul(long double a, long double b), our_div(long double a, long double b);

union quad {
	u128 bits;
	long double value;
};

static long call(long nr, long a, long b, long c)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

/* xorshift64* */
static uint64_t random64(void)
{
	static uint64_t s = 88172645463325252;

	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	return s * 0x2545f4914f6cdd1d;
}

static u128 number(void)
{
	const u128 all = ((u128)1 << 112) - 1;
	u128 r = (u128)random64() << 64 | random64();
	u128 fraction = r & all;
	unsigned exponent = r >> 112 & 0x7fff, some = random64() % 112;

	switch (random64() % 8) {
	case 0: /* infinity, and what is no number */
		exponent = 0x7fff;
		break;
	case 1: /* 0, and what is too small to begin with a 1 */
		exponent = 0;
		break;
	case 2: /* the smallest others; the largest; next to 1; products next to the smallest */
		exponent = 1 + some;
		break;
	case 3:
		exponent = 0x7ffe - some % 2;
		break;
	case 4:
		exponent = 0x3ffe + some % 2;
		break;
	case 5:
		exponent = 0x1fff + some % 8;
		break;
	}
	switch (random64() % 8) {
	case 0:
		fraction = 0;
		break;
	case 1:
		fraction = all - some % 2;
		break;
	case 2:
		fraction &= ~(((u128)1 << some) - 1);
		break;
	case 3:
		fraction |= ((u128)1 << some) - 1;
		break;
	case 4:
		fraction &= 1;
		break;
	case 5:
		fraction >>= some;
		break;
	}
	return (r & (u128)1 << 127) | (u128)exponent << 112 | fraction;
}

struct outcome {
	union quad value;
	uint64_t exceptions;
};

static struct outcome of(long double (*f)(long double, long double), union quad x, union quad y,
			 uint64_t mode)
{
	struct outcome r;

	__asm__ volatile("msr fpcr, %0" ::"r"(mode << 22));
	__asm__ volatile("msr fpsr, xzr");
	r.value.value = f(x.value, y.value);
	__asm__ volatile("mrs %0, fpsr" : "=r"(r.exceptions));
	r.exceptions &= 0x1f;
	return r;
}

static void hex(u128 v)
{
	char text[34];

	for (int i = 0; i < 32; i++)
		text[i] = "0123456789abcdef"[v >> (124 - 4 * i) & 15];
	text[32] = '\n';
	call(64, 1, (long)text, 33);
}

static long double mul(long double a, long double b)
{
	return a * b;
}

static long double div(long double a, long double b)
{
	return a / b;
}

__attribute__((__used__)) void start(long *sp)
{
	const char *text = (const char *)sp[2];
	long n = 0;

	for (; *text; text++)
		n = n * 10 + *text - '0';
	for (; n > 0; n--) {
		union quad x = { number() }, y = { n % 32 ? number() : x.bits };

		for (uint64_t i = 0; i < 8; i++) {
			struct outcome ours = of(i & 4 ? our_div : our_mul, x, y, i & 3);
			struct outcome theirs = of(i & 4 ? div : mul, x, y, i & 3);

			if (ours.value.bits == theirs.value.bits &&
			    ours.exceptions == theirs.exceptions)
				continue;
			hex(i);
			hex(x.bits);
			hex(y.bits);
			hex(ours.value.bits);
			hex(theirs.value.bits);
			hex((u128)ours.exceptions << 64 | theirs.exceptions);
			call(94, 1, 0, 0);
		}
	}
	call(94, 0, 0, 0);
}

__asm__(".globl _start\n_start:\tmov x0, sp\n\tbl start");
