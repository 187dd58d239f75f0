/* SPDX-License-Identifier: BSD-3-Clause */
/* What a crash report may look at. (What it says is tested from outside: tests/crash.) */
#include <uk/crash.h>
#include <uk/plat/mem.h>
#include <uk/test.h>

UK_TEST(ukbase_crash, readable)
{
	static const char constant[] = "constant";
	char local = 0;

	UK_EXPECT(uk_crash_readable(constant, sizeof(constant)));
	UK_EXPECT(uk_crash_readable(&local, 1));
	UK_EXPECT(!uk_crash_readable(NULL, 1));
	UK_EXPECT(!uk_crash_readable((void *)UK_PAGE_SIZE, 8));
	UK_EXPECT(!uk_crash_readable((void *)0x3ffff8, 8));
}

UK_TEST(ukbase_crash, readable_to_the_end)
{
	static const char constant[] = "constant";

	/* No bytes, bytes beyond the end of all addresses, and too many of them. */
	UK_EXPECT(!uk_crash_readable(constant, 0));
	UK_EXPECT(!uk_crash_readable((void *)~7UL, 16));
	UK_EXPECT(!uk_crash_readable(constant, 1UL << 46));
}
