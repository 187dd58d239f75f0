/* SPDX-License-Identifier: BSD-3-Clause */
/* getrandom's arguments; the generator has tests of its own. */
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/test.h>

UK_TEST(getrandom, arguments)
{
	uint64_t a = 0, b = 0;

	UK_EXPECT_EQ(uk_sys_getrandom((long)&a, 8, 0), 8L);
	UK_EXPECT_EQ(uk_sys_getrandom((long)&b, 8, 1), 8L);
	UK_EXPECT_NE(a, b);
	UK_EXPECT_EQ(uk_sys_getrandom(0, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_getrandom(0, 8, 0), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_getrandom((long)&a, 8, 8), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_getrandom((long)&a, 8, 6), (long)-EINVAL);
}
