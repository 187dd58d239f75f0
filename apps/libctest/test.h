/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small test framework for programs: the same form of cases and output (KTAP) as uk/test.h, but
 * with nothing except the C library under it, so that the tests also run on Linux, where `musl-gcc -I. -Ix86_64`
 * of this folder's files and x86_64's tells whether a failure is ours or the test's.
 */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *suite, *name;
	void (*run)(void);
	struct test *next;
};

void test_add(struct test *t);
bool test_check(bool ok, const char *file, int line, const char *what, long a, long b);
bool test_check_str(const char *file, int line, const char *what, const char *a, const char *b);
bool test_check_double(const char *file, int line, const char *what, double a, double b);
void test_skip(const char *why);

/* Milliseconds of the monotonic clock, and a nap. */
long now_ms(void);
void nap_ms(int ms);

/* Does the scheduler take the CPU from a thread that only computes? */
bool preemptive(void);

/* Faults if b is 0: on purpose, so UBSan does not look at it. */
int divide(int a, int b);

/* Cases register themselves in constructors, which is a test in itself. */
#define TEST(suite_, name_)                                                           \
	static void test_##suite_##_##name_(void);                                    \
	static struct test testcase_##suite_##_##name_ = {                            \
		.suite = #suite_, .name = #name_, .run = test_##suite_##_##name_,     \
	};                                                                            \
	__attribute__((__constructor__)) static void testadd_##suite_##_##name_(void) \
	{                                                                             \
		test_add(&testcase_##suite_##_##name_);                               \
	}                                                                             \
	static void test_##suite_##_##name_(void)

#define EXPECT_OP(a, op, b)                                                           \
	({                                                                            \
		__typeof__(a) ta_ = (a);                                              \
		__typeof__(b) tb_ = (b);                                              \
		test_check(ta_ op tb_, __FILE__, __LINE__, #a " " #op " " #b, (long)ta_, (long)tb_); \
	})
#define EXPECT_EQ(a, b)     EXPECT_OP(a, ==, b)
#define EXPECT_NE(a, b)     EXPECT_OP(a, !=, b)
#define EXPECT_LT(a, b)     EXPECT_OP(a, <, b)
#define EXPECT_LE(a, b)     EXPECT_OP(a, <=, b)
#define EXPECT_GT(a, b)     EXPECT_OP(a, >, b)
#define EXPECT_GE(a, b)     EXPECT_OP(a, >=, b)
#define EXPECT(x)                                                                     \
	({                                                                            \
		bool tx_ = !!(x);                                                     \
		test_check(tx_, __FILE__, __LINE__, #x, tx_, 1);                      \
	})
#define EXPECT_STR(a, b)    test_check_str(__FILE__, __LINE__, #a, a, b)
#define EXPECT_DOUBLE(a, b) test_check_double(__FILE__, __LINE__, #a, a, b)
/* A call that must fail with -1 and this errno. */
#define EXPECT_FAIL(call, err)        \
	do {                          \
		errno = 0;            \
		EXPECT_EQ(call, -1);  \
		EXPECT_EQ(errno, err);\
	} while (0)
#define REQUIRE(x)               \
	do {                     \
		if (!EXPECT(x))  \
			return;  \
	} while (0)
#define SKIP(why)                \
	do {                     \
		test_skip(why);  \
		return;          \
	} while (0)

#endif
