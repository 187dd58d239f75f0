/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the test table: sorted by suite by the link, so a suite's cases are neighbours.
 *
 * Parameter `test.only` takes suites or suite.case; the image ends with the number of failed cases
 * as its status (at most 100). The plan comes first, so that a crash in the middle shows as missing
 * results.
 */
#include <stdarg.h>
#include <uk/boot.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/plat/console.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/test.h>
#ifdef CONFIG_SMP
#include <uk/thread.h>
#endif

UK_TABLE_DECLARE(const struct uk_test, test);

UK_PARAM_LIST(test, only, "", "suites or suite.case to run; all if empty");

UK_PARAM_UINT(test, long, 1, "how many times longer than usual stress tests run");
UK_PARAM_UINT(test, patience, 10000, "milliseconds that tests wait for what should come at once");

static bool case_failed;
static const char *case_skipped;

static UK_PRINTF(1, 2) void say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = uk_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	n = UK_MIN(n, (int)sizeof(line) - 1);
	uk_plat_console_write(UK_CON_OUT, line, (size_t)n);
}

bool uk_test_check(bool ok, const char *file, int line, const char *what, long a, long b)
{
	if (!ok) {
		case_failed = true;
		say("    # %s:%d: expected %s; left %ld (0x%lx), right %ld (0x%lx)\n", file, line,
		    what, a, (unsigned long)a, b, (unsigned long)b);
	}
	return ok;
}

bool uk_test_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	bool ok = a && b && !uk_strcmp(a, b);

	if (!ok) {
		case_failed = true;
		say("    # %s:%d: expected %s; left \"%s\", right \"%s\"\n", file, line, what,
		    a ? a : "(null)", b ? b : "(null)");
	}
	return ok;
}

void uk_test_skip(const char *why)
{
	case_skipped = why;
}

unsigned uk_test_rounds(unsigned n)
{
	return n * (unsigned)uk_param_test_long.u;
}

unsigned uk_test_patience(void)
{
	return (unsigned)uk_param_test_patience.u;
}

#ifdef CONFIG_SMP
void uk_test_one_cpu(void)
{
	struct uk_cpuset here = { 0 };

	uk_cpuset_add(&here, uk_cpu());
	uk_thread_set_cpus(uk_thread_current(), &here);
}

static void all_cpus(void)
{
	struct uk_cpuset all;

	uk_cpuset_fill(&all);
	uk_thread_set_cpus(uk_thread_current(), &all);
}
#else
static void all_cpus(void)
{
}
#endif

static bool word_matches(const char *word, const struct uk_test *t)
{
	size_t n = uk_strlen(t->suite);

	if (uk_strncmp(word, t->suite, n))
		return false;
	return !word[n] || (word[n] == '.' && !uk_strcmp(word + n + 1, t->name));
}

static bool selected(const char *filter, const struct uk_test *t)
{
	char word[96];
	bool any = false;

	while (filter && uk_param_next(&filter, word, sizeof(word)) > 0) {
		any = true;
		if (word_matches(word, t))
			return true;
	}
	return !any;
}

static int count(const struct uk_test *from, const char *suite, const char *filter)
{
	int n = 0;

	for (; from != uk_tab_test_end && !uk_strcmp(from->suite, suite); from++)
		n += selected(filter, from);
	return n;
}

static bool run_case(const struct uk_test *t, int number)
{
	case_failed = false;
	case_skipped = NULL;
	t->run();
	all_cpus();
	say("    %sok %d %s%s%s\n", case_failed ? "not " : "", number, t->name,
	    case_skipped ? " # SKIP " : "", case_skipped ? case_skipped : "");
	return !case_failed;
}

int uk_test_run(const char *filter)
{
	const struct uk_test *t, *suite;
	int suites = 0, failed = 0, number = 0;

	for (t = uk_tab_test_start; t != uk_tab_test_end; t++)
		if ((t == uk_tab_test_start || uk_strcmp(t->suite, t[-1].suite)) &&
		    count(t, t->suite, filter))
			suites++;
	say("KTAP version 1\n1..%d\n", suites);
	for (t = uk_tab_test_start; t != uk_tab_test_end;) {
		int before = failed, n = count(t, t->suite, filter), i = 0;

		suite = t;
		if (n)
			say("    KTAP version 1\n    # Subtest: %s\n    1..%d\n", suite->suite, n);
		for (; t != uk_tab_test_end && !uk_strcmp(t->suite, suite->suite); t++)
			if (selected(filter, t))
				failed += !run_case(t, ++i);
		if (n)
			say("%sok %d %s\n", failed == before ? "" : "not ", ++number, suite->suite);
	}
	return failed;
}

/* A misspelt name would pass for tests that ran and passed. */
static void check_filter(const char *filter)
{
	char word[96];

	while (filter && uk_param_next(&filter, word, sizeof(word)) > 0) {
		const struct uk_test *t = uk_tab_test_start;

		while (t != uk_tab_test_end && !word_matches(word, t))
			t++;
		if (t == uk_tab_test_end)
			uk_fatal("test.only: this image has no suite or suite.case `%s`", word);
	}
}

static int run_all(void)
{
	int failed;

	check_filter(uk_param_test_only.s);
	failed = uk_test_run(uk_param_test_only.s);
	uk_exit(UK_MIN(failed, 100));
}
UK_INIT(UK_INIT_APP, "9", run_all, NULL);
