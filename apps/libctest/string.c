/* SPDX-License-Identifier: BSD-3-Clause */
/* String and memory functions, including those that the kernel provides in musl's place. */
#define _GNU_SOURCE
#include <ctype.h>
#include <strings.h>
#include "test.h"

/* Every combination of small offsets and lengths, against a byte loop. */
TEST(string, memory_functions)
{
	unsigned char a[320], b[320], want[320];

	for (int from = 0; from < 9; from++) {
		for (int to = 0; to < 9; to++) {
			for (int n = 0; n <= 260; n += n < 40 ? 1 : 37) {
				for (int i = 0; i < 320; i++)
					a[i] = (unsigned char)(i * 7), b[i] = want[i] = 0xee;
				for (int i = 0; i < n; i++)
					want[to + i] = a[from + i];
				REQUIRE(memcpy(b + to, a + from, n) == b + to);
				REQUIRE(!memcmp(b, want, 320));
				memcpy(want, a, 320);
				for (int i = 0; i < n; i++)
					want[to + i] = a[from + i];
				REQUIRE(memmove(a + to, a + from, n) == a + to);
				REQUIRE(!memcmp(a, want, 320));
			}
		}
	}
	for (int n = 0; n < 260; n++) {
		memset(a, 0x11, 320);
		REQUIRE(memset(a + 3, 0xab, n) == a + 3);
		REQUIRE(a[2] == 0x11 && a[3 + n] == 0x11);
		for (int i = 0; i < n; i++)
			REQUIRE(a[3 + i] == 0xab);
	}
	EXPECT_LT(memcmp("a\x7f", "a\x80", 2), 0);
	EXPECT_GT(memcmp("a\xff", "a\x01", 2), 0);
}

TEST(string, search)
{
	EXPECT_STR(strchr("hello", 'l'), "llo");
	EXPECT_STR(strrchr("hello", 'l'), "lo");
	EXPECT_STR(strchr("hello", 0), "");
	EXPECT(!strchr("hello", 'z'));
	EXPECT_STR(strstr("a needle in hay", "needle"), "needle in hay");
	EXPECT(!strstr("aaaaaaaaaaaaab", "aac"));
	EXPECT_STR(strcasestr("HAY Needle", "needle"), "Needle");
	EXPECT_STR(memmem("abcabcd", 7, "abcd", 4), "abcd");
	EXPECT_EQ(strspn("aabbc", "ab"), 4UL);
	EXPECT_EQ(strcspn("aabbc", "c"), 4UL);
	EXPECT_STR(strpbrk("path/to", "/:"), "/to");
	EXPECT(memchr("abc", 'c', 2) == NULL);
	EXPECT_STR(memrchr("abcabc", 'b', 6), "bc");
	EXPECT_EQ(strnlen("hello", 3), 3UL);
	EXPECT_STR(strchrnul("abc", 'z'), "");
}

TEST(string, compare_and_copy)
{
	char b[16] = "abc", *save, *s = b;

	EXPECT_LT(strcmp("abc", "abd"), 0);
	EXPECT_EQ(strncmp("abcX", "abcY", 3), 0);
	EXPECT_EQ(strcasecmp("HeLLo", "hEllO"), 0);
	EXPECT(strcasecmp("get", "GETS") < 0 && strcasecmp("GETS", "get") > 0);
	EXPECT(strcasecmp("A", "_") > 0 &&
	       strcasecmp("[", "{") < 0); /* as small letters, and no others */
	EXPECT(strcasecmp("\xc4", "\xe4") < 0 && strcasecmp("", "a") < 0);
	EXPECT_LT(strverscmp("file9", "file10"), 0);
	EXPECT_STR(strcat(b, "def"), "abcdef");
	EXPECT_STR(strncat(b, "ghij", 2), "abcdefgh");
	EXPECT_EQ(strlcpy(b, "0123456789abcdefXYZ", sizeof(b)), 19UL);
	EXPECT_STR(b, "0123456789abcde");
	EXPECT(stpcpy(b, "xyz") == b + 3);
	strcpy(b, "a,b,,c");
	EXPECT_STR(strtok_r(b, ",", &save), "a");
	EXPECT_STR(strtok_r(NULL, ",", &save), "b");
	EXPECT_STR(strtok_r(NULL, ",", &save), "c");
	EXPECT(!strtok_r(NULL, ",", &save));
	strcpy(b, "a,,c");
	s = b;
	EXPECT_STR(strsep(&s, ","), "a");
	EXPECT_STR(strsep(&s, ","), "");
	EXPECT_STR(strsep(&s, ","), "c");
	s = strdup("dup");
	EXPECT_STR(s, "dup");
	free(s);
	s = strndup("duplicate", 3);
	EXPECT_STR(s, "dup");
	free(s);
}

TEST(string, errors_and_signals_have_names)
{
	EXPECT_STR(strerror(ENOENT), "No such file or directory");
	EXPECT_STR(strerror(0), "No error information");
	EXPECT_STR(strsignal(11), "Segmentation fault");
}

TEST(string, ctype)
{
	int alpha = 0, digit = 0, space = 0;

	for (int c = 0; c < 256; c++) {
		alpha += !!isalpha(c);
		digit += !!isdigit(c);
		space += !!isspace(c);
	}
	EXPECT_EQ(alpha, 52);
	EXPECT_EQ(digit, 10);
	EXPECT_EQ(space, 6);
	EXPECT_EQ(toupper('q'), 'Q');
	EXPECT_EQ(tolower(0xc4), 0xc4);
	EXPECT_EQ(ffs(0x50), 5);
	EXPECT_EQ(ffsll(1LL << 40), 41);
}
