/* SPDX-License-Identifier: BSD-3-Clause */
/* Only what can be seen from outside: length, change, and that bits are about evenly spread. */
#include <uk/random.h>
#include <uk/string.h>
#include <uk/test.h>

UK_TEST(random, fills_exactly)
{
	uint8_t buf[200];
	size_t n, i, zero;

	for (n = 0; n <= 160; n += 5) {
		memset(buf, 0xa5, sizeof(buf));
		uk_random_fill(buf + 8, n);
		for (i = 0, zero = 0; i < 8; i++)
			zero += buf[i] == 0xa5 && buf[8 + n + i] == 0xa5;
		UK_EXPECT_EQ(zero, 8UL);
	}
}

UK_TEST(random, differs)
{
	uint64_t a = uk_random_u64(), b = uk_random_u64();

	UK_EXPECT_NE(a, b);
	uk_random_stir("x", 1);
	UK_EXPECT_NE(b, uk_random_u64());
}

UK_TEST(random, even)
{
	static uint8_t buf[8192];
	unsigned ones = 0, i, b;

	uk_random_fill(buf, sizeof(buf));
	for (i = 0; i < sizeof(buf); i++)
		for (b = buf[i]; b; b &= b - 1)
			ones++;
	/* 65,536 bits: a deviation of 1,280 is ten standard deviations. */
	UK_EXPECT_LT(ones, 32768U + 1280U);
	UK_EXPECT_GT(ones, 32768U - 1280U);
}
