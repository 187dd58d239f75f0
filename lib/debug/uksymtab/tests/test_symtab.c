/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions are found by any address inside them, and nothing else is. */
#include <uk/essentials.h>
#include <uk/string.h>
#include <uk/symtab.h>
#include <uk/test.h>

UK_TEST(uksymtab, finds_functions)
{
	size_t into = 99;

	UK_EXPECT_STR(uk_symtab_find((uintptr_t)uk_strscpy, &into), "uk_strscpy");
	UK_EXPECT_EQ(into, 0);
	UK_EXPECT_STR(uk_symtab_find((uintptr_t)uk_strscpy + 3, &into), "uk_strscpy");
	UK_EXPECT_EQ(into, 3);
	UK_EXPECT_STR(uk_symtab_find((uintptr_t)uk_test_run, &into), "uk_test_run");
}

UK_TEST(uksymtab, nothing_outside_of_the_code)
{
	size_t into;
	int local = 0;

	UK_EXPECT(!uk_symtab_find(0, &into));
	UK_EXPECT(!uk_symtab_find((uintptr_t)&local, &into));
	UK_EXPECT(!uk_symtab_find(UINTPTR_MAX, &into));
}
