/* SPDX-License-Identifier: BSD-3-Clause */
/* Regular expressions, shell patterns, path expansion. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>
#include "test.h"

/* Where `pattern` matches in `text`, as start * 1000 + end; -1 for no match, -2 for a bad one. */
static int match(const char *pattern, int flags, const char *text)
{
	regmatch_t m[1];
	regex_t re;
	int rc;

	if (regcomp(&re, pattern, flags))
		return -2;
	rc = regexec(&re, text, 1, m, 0);
	regfree(&re);
	return rc ? -1 : (int)(m[0].rm_so * 1000 + m[0].rm_eo);
}

TEST(regex, basic)
{
	EXPECT_EQ(match("b*c", 0, "abbbcd"), 1005);
	EXPECT_EQ(match("^a.c$", 0, "abc"), 3);
	EXPECT_EQ(match("^b", 0, "abc"), -1);
	EXPECT_EQ(match("\\(ab\\)*c", 0, "xababc"), 1006);
	EXPECT_EQ(match("a\\{2,3\\}", 0, "caaaa"), 1004);
	EXPECT_EQ(match("[[:digit:]][^a-z]", 0, "x7Y"), 1003);
	EXPECT_EQ(match("\\(a\\)\\1", 0, "xaa"), 1003);
}

TEST(regex, extended)
{
	EXPECT_EQ(match("(foo|bar)+", REG_EXTENDED, "xfoobarx"), 1007);
	EXPECT_EQ(match("a{2}b?c+", REG_EXTENDED, "aabccc"), 6);
	EXPECT_EQ(match("x|xy|xyz", REG_EXTENDED, "xyz"), 3); /* leftmost, longest */
	EXPECT_EQ(match("HELLO", REG_EXTENDED | REG_ICASE, "hello"), 5);
	EXPECT_EQ(match("^b", REG_EXTENDED | REG_NEWLINE, "a\nb"), 2003);
	EXPECT_EQ(match("(", REG_EXTENDED, ""), -2);
	EXPECT_EQ(match("a{2,1}", REG_EXTENDED, ""), -2);
	EXPECT_EQ(match("[z-a]", REG_EXTENDED, ""), -2);
}

TEST(regex, subexpressions)
{
	static const char text[] = "date: 2024-05-17.";
	regmatch_t m[5];
	char b[64];
	regex_t re;
	int rc;

	REQUIRE(!regcomp(&re, "([0-9]+)-([0-9]+)-([0-9]+)(x)?", REG_EXTENDED));
	EXPECT_EQ(re.re_nsub, 4UL);
	REQUIRE(!regexec(&re, text, 5, m, 0));
	EXPECT_EQ(m[1].rm_so, 6);
	EXPECT_EQ(m[2].rm_eo, 13);
	EXPECT_EQ(m[3].rm_so, 14);
	EXPECT_EQ(m[4].rm_so, -1);
	regfree(&re);
	rc = regcomp(&re, "[", 0);
	EXPECT_EQ(rc, REG_EBRACK);
	EXPECT_GT(regerror(rc, &re, b, sizeof(b)), 1UL);
}

TEST(regex, long_input)
{
	char text[5000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	EXPECT_EQ(match("(a|aa)*b", REG_EXTENDED, text), -1);
}

TEST(regex, fnmatch)
{
	EXPECT_EQ(fnmatch("*.c", "main.c", 0), 0);
	EXPECT_EQ(fnmatch("*.c", "dir/main.c", FNM_PATHNAME), FNM_NOMATCH);
	EXPECT_EQ(fnmatch("[!a]?c", "bbc", 0), 0);
	EXPECT_EQ(fnmatch("*", ".hidden", FNM_PERIOD), FNM_NOMATCH);
	EXPECT_EQ(fnmatch("A*", "abc", FNM_CASEFOLD), 0);
}

TEST(regex, glob)
{
	glob_t g;

	mkdir("/tmp", 0777);
	mkdir("/tmp/libctest.glob", 0777);
	close(open("/tmp/libctest.glob/b.c", O_CREAT | O_WRONLY, 0666));
	close(open("/tmp/libctest.glob/a.c", O_CREAT | O_WRONLY, 0666));
	close(open("/tmp/libctest.glob/x.h", O_CREAT | O_WRONLY, 0666));
	REQUIRE(!glob("/tmp/libctest.g*/*.c", 0, NULL, &g));
	EXPECT_EQ(g.gl_pathc, 2UL);
	EXPECT_STR(g.gl_pathv[0], "/tmp/libctest.glob/a.c");
	globfree(&g);
	EXPECT_EQ(glob("/tmp/libctest.none*", 0, NULL, &g), GLOB_NOMATCH);
	unlink("/tmp/libctest.glob/a.c");
	unlink("/tmp/libctest.glob/b.c");
	unlink("/tmp/libctest.glob/x.h");
	EXPECT_EQ(rmdir("/tmp/libctest.glob"), 0);
}
