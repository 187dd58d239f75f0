/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks that gcc and clang both have for C, each provoked once. This file is compiled with
 * them, as all libraries are. Values are volatile, so that nothing is known beforehand.
 */
#include <uk/config.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/ubsan.h>

#if defined(CONFIG_LIBUKUBSAN_LIBS) && !defined(CONFIG_LIBUKUBSAN_TRAP)

static char text[160];

static volatile int int_max = 0x7fffffff, int_min = -0x7fffffff - 1, zero, one = 1, minus_one = -1,
		    five = 5, forty = 40;
static volatile long sink;
static char bytes[64] UK_ALIGNED(16);

/* The statement is reported with a text that begins like this. */
#define CAUGHT(what, statement)                                                                    \
	do {                                                                                       \
		uk_ubsan_catch(text, sizeof(text));                                                \
		statement;                                                                         \
		uk_ubsan_catch(NULL, 0);                                                           \
		text[sizeof(what) - 1] = 0;                                                        \
		UK_EXPECT_STR(text, what);                                                         \
	} while (0)

UK_TEST(ukubsan, signed_overflow)
{
	CAUGHT("signed integer overflow: 2147483647 - -1 does not fit into 'int'",
	       sink = int_max - minus_one);
	CAUGHT("signed integer overflow: -2147483648 - 5 does not fit into 'int'",
	       sink = int_min - five);
	CAUGHT("signed integer overflow: 2147483647 * 5 does not fit into 'int'",
	       sink = int_max * five);
	CAUGHT("integer overflow: the negative of -2147483648 does not fit into 'int'",
	       sink = -int_min);
	uk_ubsan_catch(text, sizeof(text));
	sink = int_max + minus_one;
	sink = (unsigned)int_max * 4U + (unsigned)five; /* unsigned numbers wrap */
	uk_ubsan_catch(NULL, 0);
	UK_EXPECT_STR(text, "");
}

UK_TEST(ukubsan, wide_numbers)
{
	static volatile __int128 big = (__int128)0x7fffffffffffffff << 64 | (__int128)~0UL;
	static volatile long long_min = -0x7fffffffffffffff - 1;

	CAUGHT("signed integer overflow: 0x7fffffffffffffffffffffffffffffff - -1 does not fit",
	       sink = (long)(big - minus_one));
	CAUGHT("signed integer overflow: -9223372036854775808 - 1 does not fit",
	       sink = long_min - one);
}

UK_TEST(ukubsan, shift)
{
	CAUGHT("shift by 40, but 'int' has 32 bits", sink = one << forty);
	CAUGHT("shift by a negative number: -1", sink = one >> minus_one);
	CAUGHT("left shift of a negative number: -1", sink = minus_one << five);
	CAUGHT("left shift of 2147483647 by 5 does not fit into 'int'", sink = int_max << five);
}

UK_TEST(ukubsan, bounds)
{
	static struct {
		int before, array[5], after;
	} s;

	/* (clang writes the type without the space.) */
	CAUGHT("index 5 is outside of 'int", s.array[five] = five);
	CAUGHT("index -1 is outside of 'int", s.array[minus_one] = five);
	UK_EXPECT_EQ(s.before + s.after, 10); /* it was said, not prevented */
}

struct pair {
	long a, b;
};

UK_TEST(ukubsan, pointers)
{
	struct pair *volatile null = NULL, *volatile odd = (struct pair *)(bytes + 4);
	char *volatile top = (char *)~0UL - 8;

	CAUGHT("null pointer: member access in 'struct pair'", sink = (long)&null->b);
	CAUGHT("misaligned pointer: ", sink = odd->b);
	CAUGHT("pointer overflow: ", sink = (long)(top + forty));
}

UK_TEST(ukubsan, values)
{
	bool *b = (bool *)bytes;

	bytes[0] = 3;
	CAUGHT("3 is no value of ", sink = *(volatile bool *)b);
	CAUGHT("count of trailing zeros of 0", sink = __builtin_ctz((unsigned)zero));
	CAUGHT("count of leading zeros of 0", sink = __builtin_clz((unsigned)zero));
}

static void UK_NOINLINE __attribute__((__nonnull__(1))) takes(const char *p)
{
	UK_BARRIER();
}

static char *UK_NOINLINE __attribute__((__returns_nonnull__)) gives(char *p)
{
	return p;
}

UK_TEST(ukubsan, null)
{
	char *volatile null = NULL;

	CAUGHT("null pointer as argument 1, which must not be one", takes(null));
	CAUGHT("null pointer returned", sink = (long)gives(null));
}

static void UK_NOINLINE overflow(void)
{
	sink = int_max + five;
}

UK_TEST(ukubsan, each_place_once)
{
	unsigned long before = uk_ubsan_reports();

	for (int i = 0; i < 2; i++) {
		uk_ubsan_catch(text, sizeof(text));
		overflow();
		uk_ubsan_catch(NULL, 0);
		UK_EXPECT_EQ(text[0] != 0, !i);
	}
	UK_EXPECT_EQ(uk_ubsan_reports(), before); /* what is caught does not count */
}

#endif
