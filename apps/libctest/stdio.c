/* SPDX-License-Identifier: BSD-3-Clause */
/* stdio: formatted output and input, files, buffers, streams over memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include "test.h"

#define FMT(expected, ...)                                                                         \
	do {                                                                                       \
		char b_[600];                                                                      \
		int n_ = snprintf(b_, sizeof(b_), __VA_ARGS__);                                    \
		EXPECT_STR(b_, expected);                                                          \
		EXPECT_EQ(n_, (int)strlen(expected));                                              \
	} while (0)

TEST(stdio, print_integers)
{
	FMT("-7|00042|+5| 5|2a|0X2A|052", "%d|%05d|%+d|% d|%x|%#X|%#o", -7, 42, 5, 5, 42, 42, 42);
	FMT("-9223372036854775808 18446744073709551615", "%lld %llu", LLONG_MIN, ULLONG_MAX);
	FMT("   42|42   |  042|", "%5d|%-5d|%5.3d|%.0d", 42, 42, 42, 0);
	FMT("-1 255 65535 -1", "%hhd %hhu %hu %hd", -1, 255, 65535, -1);
	FMT("12 34 56 78", "%zu %td %jd %zd", (size_t)12, (ptrdiff_t)34, (intmax_t)56, (ssize_t)78);
	FMT("b a", "%2$s %1$s", "a", "b");
	FMT("   x|x", "%*s|%-*s", 4, "x", 1, "x");
	FMT("%", "%%");
}

TEST(stdio, print_strings)
{
	int n = 0;

	FMT("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc");
	FMT("(null)", "%s", (char *)NULL);
	FMT("xyz", "%c%c%c", 'x', 'y', 'z');
	setlocale(LC_CTYPE, "C.UTF-8");
	FMT("\303\244\342\202\254", "%ls", L"\u00e4\u20ac");
	setlocale(LC_CTYPE, "C");
	FMT("12345", "12345%n", &n);
	EXPECT_EQ(n, 5);
	errno = ENOENT;
	FMT("No such file or directory", "%m");
}

TEST(stdio, print_floats)
{
	FMT("3.141593 3.14 3", "%f %.2f %.0f", 3.14159265, 3.14159265, 3.14159265);
	FMT("1.000000e+100 1E-05", "%e %.0E", 1e100, 1e-5);
	FMT("0.0001 1e-05 100000 1e+06", "%g %g %g %g", 1e-4, 1e-5, 1e5, 1e6);
	FMT("inf -INF nan", "%f %F %f", 1.0 / 0.0, -1.0 / 0.0, __builtin_nan(""));
	FMT("0x1p+0 0x1.8p+1 -0x1.999999999999ap-4", "%a %a %a", 1.0, 3.0, -0.1);
	FMT("0.1000000000000000055511151231257827021181583404541015625", "%.55f", 0.1);
	FMT("2 2 4 4", "%.0f %.0f %.0f %.0f", 1.5, 2.5, 3.5, 4.5);
	FMT("1.7976931348623157e+308 4.94066e-324", "%.17g %g", DBL_MAX, 4.9406564584124654e-324);
	FMT("+1.5|  1.50|1.50  |001.5|1.", "%+g|%6.2f|%-6.2f|%05.1f|%#.0f", 1.5, 1.5, 1.5, 1.5,
	    1.0);
	FMT(LDBL_MANT_DIG == 64 ? "1.18973149535723176502e+4932" : "1.18973149535723176509e+4932",
	    "%.20Le", LDBL_MAX);
	FMT(LDBL_MANT_DIG == 64 ? "0.33333333333333333334" : "0.33333333333333333333", "%.20Lf",
	    1.0L / 3.0L);
}

TEST(stdio, snprintf_truncates)
{
	char b[4];

	EXPECT_EQ(snprintf(b, sizeof(b), "hello"), 5);
	EXPECT_STR(b, "hel");
	EXPECT_EQ(snprintf(NULL, 0, "%d", 12345), 5);
}

TEST(stdio, scan)
{
	int i, j, n = -1;
	unsigned u;
	long long ll;
	float f;
	double d;
	char s[16], cs[16], c, *m = NULL;

	EXPECT_EQ(sscanf(" 12 -0x1f 077 99", "%d %i %o %lld", &i, &j, &u, &ll), 4);
	EXPECT_EQ(i, 12);
	EXPECT_EQ(j, -31);
	EXPECT_EQ(u, 63U);
	EXPECT_EQ(ll, 99LL);
	EXPECT_EQ(sscanf("1.5e3 0x1.8p1", "%f %lf", &f, &d), 2);
	EXPECT_DOUBLE(f, 1500.0);
	EXPECT_DOUBLE(d, 3.0);
	EXPECT_EQ(sscanf("key=value;", "%15[^=]=%15[a-z]%c%n", s, cs, &c, &n), 3);
	EXPECT_STR(s, "key");
	EXPECT_STR(cs, "value");
	EXPECT_EQ(c, ';');
	EXPECT_EQ(n, 10);
	EXPECT_EQ(sscanf("x", "%d", &i), 0);
	EXPECT_EQ(sscanf("", "%d", &i), EOF);
	EXPECT_EQ(sscanf("word more", "%ms", &m), 1);
	EXPECT_STR(m, "word");
	free(m);
	EXPECT_EQ(sscanf("5 6", "%*d %d", &i), 1);
	EXPECT_EQ(i, 6);
}

static const char path[] = "/tmp/libctest.stdio";

TEST(stdio, files)
{
	char b[64];
	FILE *f;

	mkdir("/tmp", 0777);
	f = fopen(path, "w+");
	REQUIRE(f);
	EXPECT_EQ(fprintf(f, "line %d\nsecond\nthird", 1), 19);
	EXPECT_EQ(ftell(f), 19L);
	EXPECT_EQ(fseek(f, 0, SEEK_SET), 0);
	EXPECT_STR(fgets(b, sizeof(b), f), "line 1\n");
	EXPECT_EQ(fgetc(f), 's');
	EXPECT_EQ(ungetc('S', f), 'S');
	EXPECT_STR(fgets(b, 4, f), "Sec");
	EXPECT_EQ(fseek(f, -5, SEEK_END), 0);
	EXPECT_EQ(fread(b, 1, sizeof(b), f), 5UL);
	EXPECT(feof(f));
	EXPECT(!ferror(f));
	rewind(f);
	EXPECT(!feof(f));
	EXPECT_EQ(fclose(f), 0);
	f = fopen(path, "a");
	REQUIRE(f);
	fputs("!", f);
	EXPECT_EQ(fclose(f), 0);
	f = fopen(path, "r");
	REQUIRE(f);
	EXPECT_EQ(fseek(f, 19, SEEK_SET), 0);
	EXPECT_EQ(fgetc(f), '!');
	EXPECT_EQ(fputc('x', f), EOF);
	EXPECT(ferror(f));
	EXPECT_EQ(fclose(f), 0);
	EXPECT(!fopen(path, "wx"));
	EXPECT_EQ(errno, EEXIST);
	EXPECT_EQ(remove(path), 0);
	EXPECT(!fopen(path, "r"));
	EXPECT_EQ(errno, ENOENT);
}

TEST(stdio, getline)
{
	FILE *f = fmemopen("one\ntwo longer\nlast", 19, "r");
	char *line = NULL;
	size_t cap = 0;

	REQUIRE(f);
	EXPECT_EQ(getline(&line, &cap, f), 4);
	EXPECT_EQ(getline(&line, &cap, f), 11);
	EXPECT_STR(line, "two longer\n");
	EXPECT_EQ(getdelim(&line, &cap, 's', f), 3);
	EXPECT_EQ(getline(&line, &cap, f), 1);
	EXPECT_EQ(getline(&line, &cap, f), -1);
	free(line);
	fclose(f);
}

TEST(stdio, memory_streams)
{
	char *p = NULL, *a = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&p, &n);

	REQUIRE(f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "%d ", i);
	EXPECT_EQ(fclose(f), 0);
	EXPECT_EQ(n, 3890UL);
	EXPECT_EQ(strlen(p), n);
	free(p);
	EXPECT_EQ(asprintf(&a, "%s-%d", "a", 1), 3);
	EXPECT_STR(a, "a-1");
	free(a);
}

TEST(stdio, buffering)
{
	char b[16] = "";
	int fd[2];
	FILE *f;

	REQUIRE(!pipe2(fd, O_NONBLOCK));
	f = fdopen(fd[1], "w");
	REQUIRE(f);
	EXPECT_EQ(setvbuf(f, NULL, _IOFBF, 4096), 0);
	fputs("ab\n", f);
	EXPECT_EQ(read(fd[0], b, sizeof(b)), -1);
	EXPECT_EQ(fflush(f), 0);
	EXPECT_EQ(read(fd[0], b, sizeof(b)), 3);
	fputs("cd", f);
	EXPECT_EQ(fclose(f), 0);
	EXPECT_EQ(read(fd[0], b, sizeof(b)), 2);
	EXPECT_EQ(read(fd[0], b, sizeof(b)), 0);
	close(fd[0]);
}

TEST(stdio, temporary_files)
{
	char name[] = "/tmp/libctest.XXXXXX";
	FILE *f = tmpfile();
	int fd;

	REQUIRE(f);
	EXPECT_EQ(fputs("x", f) >= 0, 1);
	rewind(f);
	EXPECT_EQ(fgetc(f), 'x');
	fclose(f);
	fd = mkstemp(name);
	EXPECT_GE(fd, 0);
	EXPECT(!strchr(name, 'X') || strcmp(name + 14, "XXXXXX"));
	close(fd);
	EXPECT_EQ(unlink(name), 0);
}

static void *writes(void *arg)
{
	for (int i = 0; i < 100; i++)
		fprintf(arg, "%s", "0123456789abcdef\n");
	return NULL;
}

TEST(stdio, streams_are_locked)
{
	char *p, *s;
	size_t n;
	FILE *f = open_memstream(&p, &n);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&t[i], NULL, writes, f));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	fclose(f);
	EXPECT_EQ(n, 4 * 100 * 17UL);
	for (s = p; *s && !strncmp(s, "0123456789abcdef\n", 17); s += 17)
		;
	EXPECT_EQ(*s, 0);
	free(p);
}

TEST(stdio, wide)
{
	wchar_t w[32];

	EXPECT_EQ(swprintf(w, 32, L"%d %ls %s", 5, L"w", "n"), 5);
	EXPECT(!wcscmp(w, L"5 w n"));
	EXPECT_EQ(swscanf(L"12 ab", L"%*d %ls", w), 1);
	EXPECT(!wcscmp(w, L"ab"));
	EXPECT_LT(swprintf(w, 2, L"long"), 0);
}
