/* SPDX-License-Identifier: BSD-3-Clause */
/* How a program starts and ends: arguments, environment, constructors, TLS, exit. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "test.h"

extern char **environ;

static char order[8];
static int order_len;

__attribute__((__constructor__(102))) static void second(void)
{
	order[order_len++] = '2';
}

__attribute__((__constructor__(101))) static void first(void)
{
	order[order_len++] = '1';
}

__attribute__((__constructor__)) static void third(void)
{
	order[order_len++] = '3';
}

TEST(start, constructors_by_priority)
{
	EXPECT_STR(order, "123");
}

static _Thread_local int tls_data = 42;
static _Thread_local int tls_zero;
static _Thread_local struct {
	char c;
} __attribute__((__aligned__(64))) tls_aligned = { 7 };
_Thread_local long tls_public = -1;

TEST(start, tls_of_the_main_thread)
{
	EXPECT_EQ(tls_data, 42);
	EXPECT_EQ(tls_zero, 0);
	EXPECT_EQ(tls_public, -1);
	EXPECT_EQ(tls_aligned.c, 7);
	EXPECT_EQ((uintptr_t)&tls_aligned % 64, 0UL);
}

static void *tls_thread(void *arg)
{
	bool fresh = tls_data == 42 && !tls_zero && tls_public == -1 && tls_aligned.c == 7 &&
		     !((uintptr_t)&tls_aligned % 64);

	tls_data = tls_zero = 5;
	tls_public = 5;
	tls_aligned.c = 5;
	return (void *)(uintptr_t)(fresh && &tls_data != arg);
}

/* The second thread gets the first one's stack: its TLS must be fresh all the same. */
TEST(start, tls_of_threads)
{
	for (int i = 0; i < 4; i++) {
		pthread_t t;
		void *fresh = NULL;

		REQUIRE(!pthread_create(&t, NULL, tls_thread, &tls_data));
		REQUIRE(!pthread_join(t, &fresh));
		EXPECT(fresh);
	}
	EXPECT_EQ(tls_data, 42);
}

TEST(start, environment)
{
	size_t n = 0;

	while (environ[n])
		n++;
	EXPECT_EQ(setenv("LIBCTEST", "a b", 1), 0);
	EXPECT_STR(getenv("LIBCTEST"), "a b");
	EXPECT_EQ(setenv("LIBCTEST", "c", 0), 0);
	EXPECT_STR(getenv("LIBCTEST"), "a b");
	EXPECT(environ[n] && !environ[n + 1]);
	EXPECT_EQ(unsetenv("LIBCTEST"), 0);
	EXPECT(!getenv("LIBCTEST"));
	EXPECT_FAIL(setenv("A=B", "x", 1), EINVAL);
}

TEST(start, auxiliary_vector)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	int nonzero = 0;

	EXPECT_EQ(getauxval(AT_PAGESZ), (unsigned long)sysconf(_SC_PAGESIZE));
	errno = 0;
	EXPECT_EQ(getauxval(9999), 0UL);
	EXPECT_EQ(errno, ENOENT);
	REQUIRE(random);
	for (int i = 0; i < 16; i++)
		nonzero += random[i] != 0;
	EXPECT_GT(nonzero, 8);
}

TEST(start, program_name)
{
	REQUIRE(program_invocation_short_name);
	EXPECT(!strchr(program_invocation_short_name, '/'));
	EXPECT(strstr(program_invocation_name, program_invocation_short_name));
}

/* ---- roles: the process ends, and the host judges ---- */

static void say_a(void)
{
	printf("a");
}

static void say_b(void)
{
	printf("b");
}

__attribute__((__destructor__)) static void say_d(void)
{
	if (order[0] == 'x')
		printf("d\n");
}

static void *last_thread(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	printf("last ");
	return NULL; /* and with it the process, status 0 */
}

/* Waits for a request to end, and ends its own way. */
static void end_well(int sig)
{
	printf("asked by %d\n", sig);
	exit(7);
}

static int wait_for_the_end(bool spin)
{
	printf("ready\n");
	fflush(stdout);
	for (;;)
		if (!spin)
			pause();
}

int fatal_role(const char *what); /* fatal.c */

int role(const char *name)
{
	static const int requests[] = { SIGTERM, SIGINT, SIGHUP };

	if (!strncmp(name, "stop-",
		     5)) { /* -default, -handler, -ignore; -spin has no system calls */
		void (*what)(int) = !strcmp(name, "stop-ignore")    ? SIG_IGN
				    : !strcmp(name, "stop-default") ? SIG_DFL
								    : end_well;

		for (int i = 0; i < 3; i++)
			signal(requests[i], what);
		return wait_for_the_end(!strcmp(name, "stop-spin"));
	}
	if (!strncmp(name, "fatal-", 6))
		return fatal_role(name + 6);
	static pthread_t main_thread, t;

	if (!strcmp(name, "exit")) {
		/* Buffered output, atexit() functions in reverse order, destructors, then the flush. */
		order[0] = 'x';
		atexit(say_a);
		atexit(say_b);
		printf("main ");
		exit(42);
	}
	if (!strcmp(name, "_exit")) {
		printf("lost");
		_exit(3);
	}
	if (!strcmp(name, "abort"))
		abort();
	if (!strcmp(name, "term")) {
		raise(SIGTERM);
		return 0;
	}
	if (!strcmp(name, "quick_exit")) {
		atexit(say_a);
		at_quick_exit(say_b);
		setvbuf(stdout, NULL, _IONBF, 0);
		quick_exit(4);
	}
	if (!strcmp(name, "pthread_exit")) {
		main_thread = pthread_self();
		pthread_create(&t, NULL, last_thread, &main_thread);
		printf("main ");
		pthread_exit(NULL);
	}
	if (!strcmp(name, "echo")) {
		int c;

		while ((c = getchar()) != EOF)
			putchar(c);
		return ferror(stdin) ? 1 : 0;
	}
	if (!strcmp(name, "env")) {
		for (char **e = environ; *e; e++)
			puts(*e);
		return 0;
	}
	fprintf(stderr, "libctest: no role %s\n", name);
	return 2;
}
