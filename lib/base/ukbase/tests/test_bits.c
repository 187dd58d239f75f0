/* SPDX-License-Identifier: BSD-3-Clause */
#include <uk/bits.h>
#include <uk/test.h>

/* The compiler does not know the numbers: it counts by what the CPU has, or calls what counts for it. */
UK_TEST(ukbase_bits, first_and_last)
{
	unsigned long noise = 1;

	for (unsigned n = 0; n < 64; n++)
		for (int k = 0; k < 100; k++) {
			volatile unsigned long one = UK_BIT(n);
			volatile unsigned long below = one | (noise & (one - 1)),
					       above = one | noise << n;

			UK_EXPECT_EQ(uk_fls(one), n);
			UK_EXPECT_EQ(uk_ctz(one), n);
			UK_EXPECT_EQ(uk_fls(below), n);
			UK_EXPECT_EQ(uk_ctz(above), n);
			noise = (noise * 6364136223846793005 + 1442695040888963407) | 1;
		}
}

UK_TEST(ukbase_bits, powers)
{
	for (unsigned n = 1; n < 64; n++) {
		volatile unsigned long power = UK_BIT(n);

		UK_EXPECT(uk_is_pow2(power));
		UK_EXPECT_EQ(uk_log2_ceil(power), n);
		UK_EXPECT_EQ(uk_log2_ceil(power - 1), n == 1 ? 0 : n);
		UK_EXPECT_EQ(uk_log2_ceil(power + 1), n + 1);
	}
	UK_EXPECT(!uk_is_pow2(0));
	UK_EXPECT(!uk_is_pow2(6));
}
