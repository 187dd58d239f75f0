/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unit tests inside the image.
 *
 *	UK_TEST(list, add_and_remove)
 *	{
 *		UK_EXPECT_EQ(uk_list_empty(&l), 1);
 *	}
 *
 * A case runs in the main thread, after all initialisers; it may create threads, block and
 * allocate. An expectation that fails is reported with its values and the case goes on; UK_REQUIRE
 * leaves the case. Results are KTAP version 1 lines on the console: a suite is a subtest.
 * (https://docs.kernel.org/dev-tools/ktap.html)
 */
#ifndef UK_TEST_H
#define UK_TEST_H

#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/table.h>

struct uk_test {
	const char *suite;
	const char *name;
	void (*run)(void);
};

#define UK_TEST(suite_, name_)                                                                 \
	static void uk_test_##suite_##_##name_(void);                                          \
	static const UK_TABLE_ROOT(struct uk_test, test, #suite_, uk_testcase_##suite_##_##name_) = { \
		.suite = #suite_, .name = #name_, .run = uk_test_##suite_##_##name_,           \
	};                                                                                     \
	static void uk_test_##suite_##_##name_(void)

#define UK_EXPECT_OP(a, op, b)                                                                 \
	({                                                                                     \
		__typeof__(a) ua_ = (a);                                                       \
		__typeof__(b) ub_ = (b);                                                       \
		bool uok_ = ua_ op ub_;                                                        \
		uk_test_check(uok_, __FILE__, __LINE__, #a " " #op " " #b, (long)ua_, (long)ub_); \
		uok_;                                                                          \
	})

/* Numbers and pointers. The value is whether it held. */
#define UK_EXPECT_EQ(a, b) UK_EXPECT_OP(a, ==, b)
#define UK_EXPECT_NE(a, b) UK_EXPECT_OP(a, !=, b)
#define UK_EXPECT_LT(a, b) UK_EXPECT_OP(a, <, b)
#define UK_EXPECT_LE(a, b) UK_EXPECT_OP(a, <=, b)
#define UK_EXPECT_GT(a, b) UK_EXPECT_OP(a, >, b)
#define UK_EXPECT_GE(a, b) UK_EXPECT_OP(a, >=, b)
#define UK_EXPECT(x)                                                                           \
	({                                                                                     \
		bool uok_ = !!(x);                                                             \
		uk_test_check(uok_, __FILE__, __LINE__, #x, uok_, 1);                          \
		uok_;                                                                          \
	})
#define UK_EXPECT_STR(a, b) uk_test_check_str(__FILE__, __LINE__, #a " is " #b, a, b)

/* Leave the case (a void function) if it does not hold. */
#define UK_REQUIRE(x)                                                                          \
	do {                                                                                   \
		if (!UK_EXPECT(x))                                                             \
			return;                                                                \
	} while (0)

/* Leave the case as skipped: what it needs is not there, and why. */
#define UK_TEST_SKIP(why)                                                                      \
	do {                                                                                   \
		uk_test_skip(why);                                                             \
		return;                                                                        \
	} while (0)

UK_API_BEGIN

/*
 * The rest of the case, with all threads that it creates, runs on one CPU: for a case that tests an
 * order which there is only there. Thread context. The next case has all of them again.
 */
#ifdef CONFIG_SMP
void uk_test_one_cpu(void);
#else
static inline void uk_test_one_cpu(void)
{
}
#endif

/* How often a stress test goes round: `n` times parameter test.long (1), which long runs set. */
unsigned uk_test_rounds(unsigned n);

/*
 * Milliseconds to wait for what should come at once before the case fails: parameter test.patience (10,000: a timeout means
 * that it never comes). For runs in which it often does not, as allocations fail, it can be short.
 */
unsigned uk_test_patience(void);

bool uk_test_check(bool ok, const char *file, int line, const char *what, long a, long b);
bool uk_test_check_str(const char *file, int line, const char *what, const char *a, const char *b);
void uk_test_skip(const char *why);

/*
 * Run the cases whose "suite" or "suite.case" is a word of `filter` (empty or NULL: all).
 * Returns the number of failed cases.
 */
int uk_test_run(const char *filter);

UK_API_END

#endif
