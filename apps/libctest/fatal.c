/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Roles that end by a signal in spite of a handler: faults that cannot be delivered, and alternate
 * stacks that are full. On Linux all of them end by SIGSEGV.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

static volatile int *volatile nowhere = (void *)8;

static void fault(void)
{
	*nowhere = 1;
}

/* Not by stdio, which may have been interrupted. */
static void survived(int sig)
{
	(void)!write(1, "handler\n", 8);
	if (sig == SIGSEGV)
		_exit(9);
}

static void install(int sig, void (*fn)(int), int flags)
{
	sigaction(sig, &(struct sigaction){ .sa_handler = fn, .sa_flags = flags }, NULL);
}

/* An alternate stack whose lower end is a page that nobody may touch. */
static void guarded_alternate_stack(void)
{
	size_t size = 32768;
	char *p =
		mmap(NULL, 4096 + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t st = { .ss_sp = p + 4096, .ss_size = size };

	if (p == MAP_FAILED || mprotect(p, 4096, PROT_NONE) || sigaltstack(&st, NULL))
		_exit(8);
}

/* One in the middle of other data, which nothing but the kernel's own look protects. */
static void bare_alternate_stack(void)
{
	static char area[65536];

	sigaltstack(&(stack_t){ .ss_sp = area + 32768, .ss_size = 16384 }, NULL);
}

static void raises(int sig)
{
	raise(sig);
}

static int recurse(volatile char *above)
{
	volatile char here[512];

	here[0] = above[0];
	return recurse(here) + here[0];
}

static void overflows(int sig)
{
	volatile char first = (char)sig;

	recurse(&first);
}

static void faults_again(int sig)
{
	(void)!write(1, "once\n", 5);
	fault();
}

int fatal_role(const char *what)
{
	sigset_t set;

	install(SIGSEGV, survived, 0);
	if (!strcmp(what, "blocked")) {
		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
		fault();
	} else if (!strcmp(what, "ignored")) {
		signal(SIGSEGV, SIG_IGN);
		fault();
	} else if (!strcmp(what, "again")) {
		install(SIGSEGV, faults_again, 0);
		fault();
	} else if (!strcmp(what, "reset")) {
		install(SIGSEGV, faults_again, SA_RESETHAND | SA_NODEFER);
		fault();
	} else if (!strcmp(what, "nested")) {
		bare_alternate_stack();
		install(SIGUSR1, raises, SA_ONSTACK | SA_NODEFER);
		raise(SIGUSR1);
	} else if (!strcmp(what, "overflow")) {
		signal(SIGSEGV, SIG_DFL);
		guarded_alternate_stack();
		install(SIGUSR1, overflows, SA_ONSTACK);
		raise(SIGUSR1);
	}
	return 2;
}
