/* SPDX-License-Identifier: BSD-3-Clause */
/* stdlib: memory, numbers from strings, sorting, searching, options, environment, random. */
#define _GNU_SOURCE
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include "test.h"

TEST(stdlib, malloc)
{
	static void *p[256];
	unsigned char *c;

	for (int i = 0; i < 256; i++) {
		p[i] = malloc((size_t)i * 13);
		REQUIRE(p[i]);
		EXPECT_EQ((uintptr_t)p[i] % 16, 0UL);
		EXPECT_GE(malloc_usable_size(p[i]), (size_t)i * 13);
		memset(p[i], i, (size_t)i * 13);
	}
	for (int i = 0; i < 256; i++)
		for (int j = 0; j < i * 13; j++)
			REQUIRE(((unsigned char *)p[i])[j] == i);
	for (int i = 0; i < 256; i += 2)
		free(p[i]);
	for (int i = 1; i < 256; i += 2) {
		p[i] = realloc(p[i], (size_t)i * 29 + 1);
		REQUIRE(p[i]);
		for (int j = 0; j < i * 13; j++)
			REQUIRE(((unsigned char *)p[i])[j] == i);
		free(p[i]);
	}
	c = calloc(1000, 7);
	REQUIRE(c);
	for (int i = 0; i < 7000; i++)
		REQUIRE(!c[i]);
	free(c);
	free(NULL);
	EXPECT(malloc(0));
}

TEST(stdlib, malloc_limits)
{
	volatile size_t huge = PTRDIFF_MAX, half = SIZE_MAX / 2 + 1;
	void *p;

	errno = 0;
	EXPECT(!malloc(huge));
	EXPECT_EQ(errno, ENOMEM);
	errno = 0;
	EXPECT(!calloc(half, 2));
	EXPECT_EQ(errno, ENOMEM);
	EXPECT(!reallocarray(NULL, half, 4));
	p = malloc(10);
	EXPECT(!realloc(p, huge));
	free(p); /* realloc() failed: it is still there */
}

TEST(stdlib, aligned_memory)
{
	for (size_t align = sizeof(void *); align <= 65536; align *= 2) {
		void *p = NULL;

		EXPECT_EQ(posix_memalign(&p, align, 100), 0);
		EXPECT_EQ((uintptr_t)p % align, 0UL);
		free(p);
		p = aligned_alloc(align, align);
		EXPECT(p);
		EXPECT_EQ((uintptr_t)p % align, 0UL);
		free(p);
	}
	void *p;

	EXPECT_EQ(posix_memalign(&p, 24, 100), EINVAL);
	EXPECT_EQ(posix_memalign(&p, 2, 100), EINVAL);
	p = memalign(4096, 10);
	EXPECT_EQ((uintptr_t)p % 4096, 0UL);
	free(p);
}

static void *allocates(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	unsigned char *p[32] = { 0 };
	size_t n[32] = { 0 };
	long bad = 0;

	for (int i = 0; i < 3000; i++) {
		int k = rand_r(&seed) % 32;

		for (size_t j = 0; j < n[k]; j += 97)
			bad += p[k][j] != (unsigned char)k;
		free(p[k]);
		n[k] = rand_r(&seed) % 3000;
		p[k] = malloc(n[k]);
		memset(p[k], k, n[k]);
	}
	for (int k = 0; k < 32; k++)
		free(p[k]);
	return (void *)bad;
}

TEST(stdlib, malloc_in_threads)
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		REQUIRE(!pthread_create(&t[i], NULL, allocates, (void *)(i + 1)));
	for (int i = 0; i < 4; i++) {
		void *bad;

		pthread_join(t[i], &bad);
		EXPECT(!bad);
	}
}

TEST(stdlib, integers)
{
	char *end;

	EXPECT_EQ(strtol("  -123abc", &end, 10), -123L);
	EXPECT_STR(end, "abc");
	EXPECT_EQ(strtol("0x7f", NULL, 0), 127L);
	EXPECT_EQ(strtoul("zz", NULL, 36), 1295UL);
	errno = 0;
	EXPECT_EQ(strtol("99999999999999999999", NULL, 10), LONG_MAX);
	EXPECT_EQ(errno, ERANGE);
	EXPECT_EQ(strtoull("-1", NULL, 10), ULLONG_MAX);
	EXPECT_EQ(atoi("42x"), 42);
	EXPECT_EQ(abs(-5), 5);
	EXPECT_EQ(div(-7, 2).rem, -1);
	EXPECT_EQ(lldiv(7, -2).quot, -3LL);
}

TEST(stdlib, floats)
{
	char *end;

	EXPECT_DOUBLE(strtod("0.1", NULL), 0x1.999999999999ap-4);
	EXPECT_DOUBLE(strtod("1e23", NULL), 0x1.52d02c7e14af6p+76);
	EXPECT_DOUBLE(strtod("8.5e-324", NULL), 0x1p-1073);
	EXPECT_DOUBLE(strtod("2.4703282292062328e-324", NULL), 0x1p-1074);
	EXPECT_DOUBLE(strtod("1.7976931348623158e308", NULL), 0x1.fffffffffffffp+1023);
	EXPECT_DOUBLE(strtod("9007199254740993", NULL), 9007199254740992.0);
	EXPECT_DOUBLE(strtod("-infinity", &end), -1.0 / 0.0);
	EXPECT_EQ(*end, 0);
	errno = 0;
	EXPECT_DOUBLE(strtod("1e400", NULL), 1.0 / 0.0);
	EXPECT_EQ(errno, ERANGE);
	EXPECT_DOUBLE(strtod("0x1.8p3junk", &end), 12.0);
	EXPECT_STR(end, "junk");
	EXPECT_DOUBLE(strtof("16777217", NULL), 16777216.0);
	EXPECT(strtold("0.1", NULL) == 0.1L);
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int by_value_r(const void *a, const void *b, void *arg)
{
	(*(int *)arg)++;
	return by_value(b, a);
}

TEST(stdlib, sorting)
{
	static int v[1000];
	int calls = 0, k = 500;

	for (int i = 0; i < 1000; i++)
		v[i] = i * 7919 % 1000;
	qsort(v, 1000, sizeof(v[0]), by_value);
	for (int i = 0; i < 1000; i++)
		REQUIRE(v[i] == i);
	EXPECT(bsearch(&k, v, 1000, sizeof(v[0]), by_value) == v + 500);
	k = 1000;
	EXPECT(!bsearch(&k, v, 1000, sizeof(v[0]), by_value));
	qsort_r(v, 1000, sizeof(v[0]), by_value_r, &calls);
	EXPECT_EQ(v[0], 999);
	EXPECT_GT(calls, 1000);
}

TEST(stdlib, searching)
{
	static int v[100];
	void *root = NULL;
	ENTRY e = { "key", "value" };

	for (int i = 0; i < 100; i++) {
		v[i] = i * 37 % 100;
		EXPECT(tsearch(&v[i], &root, by_value));
	}
	for (int i = 0; i < 100; i++)
		EXPECT(tfind(&i, &root, by_value));
	for (int i = 0; i < 100; i++)
		EXPECT(tdelete(&i, &root, by_value));
	EXPECT(!root);
	REQUIRE(hcreate(100));
	EXPECT(hsearch(e, ENTER));
	EXPECT_STR(hsearch((ENTRY){ "key", NULL }, FIND)->data, "value");
	EXPECT(!hsearch((ENTRY){ "other", NULL }, FIND));
	hdestroy();
}

TEST(stdlib, options)
{
	static const struct option longs[] = { { "long", required_argument, NULL, 'L' }, { 0 } };
	char *argv[] = { "prog", "-a", "file", "-bval", "--long=x", "--", "-rest", NULL };
	char seen[8] = "";
	int c, n = 0;

	optind = 0;
	while ((c = getopt_long(7, argv, "ab:", longs, NULL)) != -1)
		seen[n++] = (char)c;
	EXPECT_STR(seen, "abL");
	EXPECT_STR(argv[optind], "file"); /* moved behind the options */
	optind = 1;
}

TEST(stdlib, random)
{
	char state[64];
	long a, b;

	srandom(42);
	a = random();
	srandom(42);
	EXPECT_EQ(random(), a);
	b = random();
	EXPECT_NE(a, b);
	EXPECT(initstate(1, state, sizeof(state)));
	EXPECT_GE(drand48(), 0.0);
}

TEST(stdlib, entropy)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	char big[257];

	EXPECT_EQ(getentropy(a, sizeof(a)), 0);
	EXPECT_EQ(getrandom(b, sizeof(b), 0), 32);
	EXPECT(memcmp(a, b, sizeof(a)));
	EXPECT_FAIL(getentropy(big, sizeof(big)), EIO);
}
