/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the cases (all, or those named by arguments: suite or suite.case), or plays one of the roles
 * that a process can only play once: how it ends. See start.c.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include "test.h"

int role(const char *name);

static struct test *first, **last = &first;
static volatile bool failed; /* set right after what raises a signal, and not before */
static const char *skipped;

void test_add(struct test *t)
{
	struct test **p = last;

	/* Cases of a suite stay together even if they come from several files. */
	for (struct test **q = &first; *q; q = &(*q)->next)
		if (!strcmp((*q)->suite, t->suite))
			p = &(*q)->next;
	t->next = *p;
	*p = t;
	if (p == last)
		last = &t->next;
}

bool test_check(bool ok, const char *file, int line, const char *what, long a, long b)
{
	if (!ok) {
		failed = true;
		printf("    # %s:%d: expected %s; left %ld (%#lx), right %ld (%#lx)\n", file, line,
		       what, a, a, b, b);
	}
	return ok;
}

bool test_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	bool ok = a && b ? !strcmp(a, b) : a == b;

	if (!ok) {
		failed = true;
		printf("    # %s:%d: %s is \"%s\", expected \"%s\"\n", file, line, what,
		       a ? a : "(null)", b ? b : "(null)");
	}
	return ok;
}

/* Exact: the same bits, except that any NaN is as good as another. */
bool test_check_double(const char *file, int line, const char *what, double a, double b)
{
	bool ok = (a != a && b != b) || !memcmp(&a, &b, sizeof(a));

	if (!ok) {
		failed = true;
		printf("    # %s:%d: %s is %a (%.17g), expected %a (%.17g)\n", file, line, what, a,
		       a, b, b);
	}
	return ok;
}

void test_skip(const char *why)
{
	skipped = why;
}

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void nap_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

__attribute__((__noinline__, __no_sanitize__("undefined"))) int divide(int a, int b)
{
	return a / b;
}

/* A cooperative scheduler has no real-time policies. */
bool preemptive(void)
{
	struct sched_param rr = { .sched_priority = 1 }, other = { 0 };
	int rc = pthread_setschedparam(pthread_self(), SCHED_RR, &rr);

	if (!rc)
		pthread_setschedparam(pthread_self(), SCHED_OTHER, &other);
	return !rc || rc == EPERM;
}

static bool selected(const struct test *t, char **words)
{
	size_t n = strlen(t->suite);

	if (!*words)
		return true;
	for (; *words; words++)
		if (!strncmp(*words, t->suite, n) &&
		    (!(*words)[n] || ((*words)[n] == '.' && !strcmp(*words + n + 1, t->name))))
			return true;
	return false;
}

static int run_suite(struct test *t, char **words)
{
	const char *suite = t->suite;
	int n = 0, bad = 0;

	for (struct test *u = t; u && !strcmp(u->suite, suite); u = u->next)
		n += selected(u, words);
	printf("    KTAP version 1\n    # Subtest: %s\n    1..%d\n", suite, n);
	n = 0;
	for (; t && !strcmp(t->suite, suite); t = t->next) {
		if (!selected(t, words))
			continue;
		failed = false;
		skipped = NULL;
		t->run();
		printf("    %sok %d %s%s%s\n", failed ? "not " : "", ++n, t->name,
		       skipped ? " # SKIP " : "", skipped ? skipped : "");
		fflush(stdout);
		bad += failed;
	}
	return bad;
}

int main(int argc, char **argv)
{
	int suites = 0, n = 0, bad = 0;

	if (argc == 3 && !strcmp(argv[1], "--role"))
		return role(argv[2]);
	for (int pass = 0; pass < 2; pass++) {
		for (struct test *t = first, *next; t; t = next) {
			bool any = false;

			for (next = t; next && !strcmp(next->suite, t->suite); next = next->next)
				any |= selected(next, argv + 1);
			if (!any)
				continue;
			if (!pass) {
				suites++;
			} else {
				int rc = run_suite(t, argv + 1);

				printf("%sok %d %s\n", rc ? "not " : "", ++n, t->suite);
				bad += rc;
			}
		}
		if (!pass)
			printf("KTAP version 1\n1..%d\n", suites);
	}
	return bad < 100 ? bad : 100;
}
