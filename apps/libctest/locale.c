/* SPDX-License-Identifier: BSD-3-Clause */
/* Locales, multibyte and wide characters, character set conversion. */
#define _GNU_SOURCE
#include <iconv.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>
#include "test.h"

TEST(locale, names)
{
	EXPECT_STR(setlocale(LC_ALL, NULL), "C");
	EXPECT(setlocale(LC_ALL, "C.UTF-8"));
	EXPECT_STR(nl_langinfo(CODESET), "UTF-8");
	EXPECT_EQ(MB_CUR_MAX, 4UL);
	EXPECT(setlocale(LC_ALL, "C"));
	EXPECT_STR(nl_langinfo(CODESET), "ASCII");
	EXPECT_EQ(MB_CUR_MAX, 1UL);
	EXPECT_STR(localeconv()->decimal_point, ".");
	EXPECT_STR(nl_langinfo(DAY_1), "Sunday");
	EXPECT_STR(nl_langinfo(MON_12), "December");
}

TEST(locale, per_thread)
{
	locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", NULL), old, copy;

	REQUIRE(utf8);
	old = uselocale(utf8);
	EXPECT_EQ(MB_CUR_MAX, 4UL);
	copy = duplocale(utf8);
	EXPECT(copy);
	EXPECT_EQ(towupper_l(L'\u00e4', copy), (wint_t)L'\u00c4');
	freelocale(copy);
	uselocale(old);
	EXPECT_EQ(MB_CUR_MAX, 1UL);
	freelocale(utf8);
}

TEST(locale, utf8)
{
	static const char text[] = "a\303\244\342\202\254\360\237\230\200";
	static const wchar_t wide[] = L"a\u00e4\u20ac\U0001f600";
	mbstate_t st = { 0 };
	wchar_t w[8];
	char b[32];

	setlocale(LC_CTYPE, "C.UTF-8");
	EXPECT_EQ(mbstowcs(w, text, 8), 4UL);
	EXPECT(!wcscmp(w, wide));
	EXPECT_EQ(wcstombs(b, wide, sizeof(b)), 10UL);
	EXPECT_STR(b, text);
	EXPECT_EQ(mblen(text + 1, 4), 2);
	/* A character in two pieces. */
	EXPECT_EQ(mbrtowc(w, "\342", 1, &st), (size_t)-2);
	EXPECT_EQ(mbrtowc(w, "\202\254", 2, &st), 2UL);
	EXPECT_EQ(w[0], L'\u20ac');
	/* Not UTF-8: overlong, surrogate, lone continuation. */
	static const char *const bad[] = { "\300\200", "\355\240\200", "\200", "\377" };

	for (int i = 0; i < 4; i++) {
		memset(&st, 0, sizeof(st));
		errno = 0;
		EXPECT_EQ(mbrtowc(w, bad[i], 3, &st), (size_t)-1);
		EXPECT_EQ(errno, EILSEQ);
	}
	EXPECT_EQ(wcwidth(L'\u4e2d'), 2);
	EXPECT_EQ(wcwidth(L'\u0301'), 0);
	EXPECT_EQ(towlower(L'\u0416'), (wint_t)L'\u0436');
	EXPECT(iswalpha(L'\u03b1'));
	EXPECT(!iswalpha(L'7'));
	EXPECT(iswctype(L'x', wctype("xdigit")) == 0);
	setlocale(LC_CTYPE, "C");
}

TEST(locale, wide_strings)
{
	wchar_t b[16];

	EXPECT_EQ(wcslen(L"four"), 4UL);
	EXPECT(!wcscmp(wcscpy(b, L"ab"), L"ab"));
	EXPECT(!wcscmp(wcscat(b, L"cd"), L"abcd"));
	EXPECT(wcschr(b, L'c') == b + 2);
	EXPECT(wcsstr(b, L"bc") == b + 1);
	EXPECT_EQ(wcstol(L"-0x10", NULL, 0), -16L);
	EXPECT_DOUBLE(wcstod(L"2.5", NULL), 2.5);
	EXPECT(wmemcmp(b, L"abcd", 4) == 0);
}

static bool convert(const char *from, const char *to, const char *in, size_t n, const char *want,
		    size_t m)
{
	iconv_t cd = iconv_open(to, from);
	char out[64], *o = out, *i = (char *)in;
	size_t left = sizeof(out);
	bool ok;

	if (cd == (iconv_t)-1)
		return false;
	ok = iconv(cd, &i, &n, &o, &left) != (size_t)-1 && !n && (size_t)(o - out) == m &&
	     !memcmp(out, want, m);
	iconv_close(cd);
	return ok;
}

TEST(locale, iconv)
{
	EXPECT(convert("ISO-8859-1", "UTF-8", "\344", 1, "\303\244", 2));
	EXPECT(convert("UTF-8", "UTF-16LE", "\342\202\254", 3, "\254\040", 2));
	EXPECT(convert("UTF-16BE", "UTF-8", "\330\075\336\000", 4, "\360\237\230\200", 4));
	EXPECT(convert("KOI8-R", "UTF-8", "\301", 1, "\320\260", 2));
	EXPECT(convert("SHIFT_JIS", "UTF-8", "\202\240", 2, "\343\201\202", 3));
	EXPECT(iconv_open("NO-SUCH-SET", "UTF-8") == (iconv_t)-1);
}

TEST(locale, collation)
{
	char b[16];

	EXPECT_LT(strcoll("a", "b"), 0);
	EXPECT_EQ(strxfrm(b, "abc", sizeof(b)), 3UL);
	EXPECT_STR(b, "abc");
}
