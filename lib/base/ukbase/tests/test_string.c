/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings, numbers and formatted printing. */
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/test.h>

UK_TEST(ukbase_string, memory_functions)
{
	char a[64], b[64];

	for (int i = 0; i < 64; i++)
		a[i] = (char)i;
	for (size_t n = 0; n <= 64; n++) {
		memset(b, 0x5a, sizeof(b));
		memcpy(b, a, n);
		UK_EXPECT_EQ(memcmp(a, b, n), 0);
		if (n < 64)
			UK_EXPECT_EQ(b[n], 0x5a);
	}
	memmove(a + 1, a, 63);
	UK_EXPECT_EQ(a[63], 62);
	memmove(a, a + 1, 63);
	UK_EXPECT_EQ(a[0], 0);
	UK_EXPECT_EQ(a[62], 62);
	UK_EXPECT_LT(memcmp("abc", "abd", 3), 0);
	UK_EXPECT_GT(memcmp("\xff", "\x01", 1), 0);
}

/* Zeroes may be written in another way than other bytes, many in another way than few: all of them, and none beside them. */
UK_TEST(ukbase_string, memset_many)
{
	static char area[1024];
	size_t wrong = 0;

	for (int byte = 0; byte <= 1; byte++)
		for (size_t at = 1; at <= 65; at++)
			for (size_t n = 447; n <= 830; n += 43) {
				memset(area, 0x5a, sizeof(area));
				memset(area + at, byte, n);
				for (size_t i = 0; i < sizeof(area); i++)
					wrong += area[i] != (i >= at && i < at + n ? byte : 0x5a);
			}
	UK_EXPECT_EQ(wrong, 0);
}

UK_TEST(ukbase_string, string_functions)
{
	char buf[4];

	UK_EXPECT_EQ(uk_strlen("hello"), 5);
	UK_EXPECT_EQ(uk_strnlen("hello", 3), 3);
	UK_EXPECT_EQ(uk_strcmp("a", "a"), 0);
	UK_EXPECT_LT(uk_strcmp("a", "ab"), 0);
	UK_EXPECT_EQ(uk_strncmp("abc", "abd", 2), 0);
	UK_EXPECT_STR(uk_strchr("a=b=c", '='), "=b=c");
	UK_EXPECT_STR(uk_strrchr("a=b=c", '='), "=c");
	UK_EXPECT_EQ(uk_strchr("abc", 'x'), NULL);
	UK_EXPECT_STR(uk_strstr("needle in hay", "in"), "in hay");
	UK_EXPECT_EQ(uk_strstr("hay", "needle"), NULL);
	UK_EXPECT_EQ(uk_strscpy(buf, "abcdef", sizeof(buf)), -E2BIG);
	UK_EXPECT_STR(buf, "abc");
	UK_EXPECT_EQ(uk_strscpy(buf, "abc", sizeof(buf)), 3);
}

UK_TEST(ukbase_number, parse)
{
	uint64_t v = 0;

	UK_EXPECT_EQ(uk_parse_u64("42", &v), 0);
	UK_EXPECT_EQ(v, 42);
	UK_EXPECT_EQ(uk_parse_u64("0xfF", &v), 0);
	UK_EXPECT_EQ(v, 255);
	UK_EXPECT_EQ(uk_parse_u64("64M", &v), 0);
	UK_EXPECT_EQ(v, 64UL << 20);
	UK_EXPECT_EQ(uk_parse_u64("18446744073709551615", &v), 0);
	UK_EXPECT_EQ(v, UINT64_MAX);
	UK_EXPECT_EQ(uk_parse_u64("18446744073709551616", &v), -ERANGE);
	UK_EXPECT_EQ(uk_parse_u64("17179869184G", &v), -ERANGE);
	UK_EXPECT_EQ(uk_parse_u64("", &v), -EINVAL);
	UK_EXPECT_EQ(uk_parse_u64("12x", &v), -EINVAL);
	UK_EXPECT_EQ(uk_parse_u64("1kb", &v), -EINVAL);
	UK_EXPECT_EQ(uk_parse_u64("0x", &v), -EINVAL);
	UK_EXPECT_EQ(uk_parse_u64("-1", &v), -EINVAL);
}

static const char *fmt(const char *f, ...) UK_PRINTF(1, 2);
static const char *fmt(const char *f, ...)
{
	static char buf[96];
	va_list ap;

	va_start(ap, f);
	uk_vsnprintf(buf, sizeof(buf), f, ap);
	va_end(ap);
	return buf;
}

UK_TEST(ukbase_printf, conversions)
{
	char small[5];

	UK_EXPECT_STR(fmt("%d %i %u", -1, 2, 3U), "-1 2 3");
	UK_EXPECT_STR(fmt("%ld", (long)INT64_MIN), "-9223372036854775808");
	UK_EXPECT_STR(fmt("%x %X %#x %o", 0xabcU, 0xabcU, 0xabcU, 8U), "abc ABC 0xabc 10");
	UK_EXPECT_STR(fmt("[%5d|%-5d|%05d|%+d]", 42, 42, 42, 42), "[   42|42   |00042|+42]");
	UK_EXPECT_STR(fmt("[%8.3s|%-4s]", "abcdef", "x"), "[     abc|x   ]");
	UK_EXPECT_STR(fmt("%.4d %.0d|", 7, 0), "0007 |");
	UK_EXPECT_STR(fmt("%c%%%c", 'a', 'b'), "a%b");
	UK_EXPECT_STR(fmt("%hhu %hd", (unsigned char)255, (short)-2), "255 -2");
	UK_EXPECT_STR(fmt("%*d", 6, 1), "     1");
	UK_EXPECT_STR(fmt("%p", (void *)0x1234), "0x1234");
	UK_EXPECT_EQ(uk_snprintf(small, sizeof(small), "%s", "too long"), 8);
	UK_EXPECT_STR(small, "too ");
	UK_EXPECT_EQ(uk_snprintf(NULL, 0, "%d", 100), 3);
}
