/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accesses to memory that is not the program's any more, or never was, but where something is: no
 * page fault tells. Reads, where reading is enough, so that without a sanitizer nothing breaks.
 */
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mistakes.h"

static void heap_right(void)
{
	char *p = malloc(100);

	sink = ((volatile char *)hide(p))[100];
	free(p);
}

static void heap_left(void)
{
	char *p = malloc(100);

	sink = *((volatile char *)hide(p) - 1);
	free(p);
}

/* Mistakes that gcc sees, too. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wuse-after-free"

/* By code that was not compiled to check anything. */
static void heap_memset(void)
{
	char *p = malloc(100);

	memset(hide(p), 0, 101);
	free(p);
}

static void after_free(void)
{
	char *p = malloc(100);

	free(p);
	sink = ((volatile char *)hide(p))[50];
}

static void after_realloc(void)
{
	char *p = malloc(100), *q = realloc(p, 10000);

	hide(q); /* or clang leaves realloc() out */
	sink = ((volatile char *)hide(p))[50];
	free(q);
}

static void double_free(void)
{
	char *p = malloc(100);

	free(p);
	free(hide(p));
	sink = 0; /* so that this function is among the callers */
}

static void wild_free(void)
{
	char *p = malloc(100);

	free((char *)hide(p) + 16);
	sink = 0;
}

static void stack_right(void)
{
	struct {
		char a[20], b[20];
	} s;
	volatile char *p = hide(s.b);

	sink = p[20 + one];
}

static void after_scope(void)
{
	volatile char *p;
	{
		char inner[20];

		p = hide(inner);
		p[0] = 1;
	}
	sink = p[0];
}

static void alloca_right(void)
{
	volatile char *p = hide(alloca((size_t)forty));

	p[0] = 1;
	sink = p[forty];
}

static char global[20];

static void global_right(void)
{
	volatile char *p = hide(global);

	sink = p[20 + one];
}

static void string(void)
{
	char *p = malloc(8);

	memset(p, 'x', 8); /* the 0 is missing */
	sink = (long)strlen(hide(p));
	free(p);
}

/* In a system call, far from here. */
static void system_call(void)
{
	char *p = malloc(100);
	FILE *f = tmpfile();

	write(fileno(f), (char[101]){ 1 }, 101);
	free(p);
	pread(fileno(f), hide(p), 101, 0);
	fclose(f);
}

/* None: a handler on an alternate stack that jumps away leaves zones on both stacks. */
static sigjmp_buf back;
static char alternate[65536];

static void jumps(int sig)
{
	char local[300];

	memset(hide(local), sig, sizeof(local));
	siglongjmp(back, 1);
}

static void __attribute__((__noinline__)) raises(int depth)
{
	char local[16];

	memset(hide(local), depth, sizeof(local));
	if (depth)
		raises(depth - 1);
	else
		raise(SIGUSR1);
	sink = local[one];
}

static void jump(void)
{
	char text[300];

	sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof(alternate) }, NULL);
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = jumps, .sa_flags = SA_ONSTACK },
		  NULL);
	for (volatile int i = 0; i < 3; i++)
		if (!sigsetjmp(back, 1))
			raises(100);
		else /* fills memory in frames that have no zones */
			snprintf(text, sizeof(text), "%200d", one);
}

/* No sanitizer finds this; the guard page does, and the report has to work in checked code as well. */
static __attribute__((__noinline__)) long deeper(volatile long *caller)
{
	volatile long here[64];

	here[0] = *caller + 1;
	return here[0] ? deeper(here) + here[0] : 0;
}

static void recursion(void)
{
	volatile long first = 1;

	sink = deeper(&first);
}

/*
 * None: a thread uses up its stack and jumps back from the handler, or ends there. Who comes after it
 * on that stack uses memory where its frames had zones.
 */
enum { STACK = 512 << 10 };

static void leaves(int sig)
{
	char local[300];

	memset(hide(local), sig, sizeof(local));
	if (one)
		siglongjmp(back, 1);
	pthread_exit(NULL);
}

static void __attribute__((__noinline__)) fills(void)
{
	char local[STACK - 32768];

	memset(hide(local), one, sizeof(local));
}

static void *overflows(void *arg)
{
	volatile long first = 1;

	fills();
	sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof(alternate) }, NULL);
	if (!sigsetjmp(back, 1))
		sink = deeper(&first);
	fills();
	return arg;
}

static void run_threads(const pthread_attr_t *attr)
{
	pthread_t t;

	for (int i = 0; i < 6; i++) {
		one = i & 1;
		if (pthread_create(&t, attr, overflows, NULL))
			abort();
		pthread_join(t, NULL);
	}
}

static void threads(void)
{
	pthread_attr_t attr;

	sigaction(SIGSEGV, &(struct sigaction){ .sa_handler = leaves, .sa_flags = SA_ONSTACK },
		  NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	run_threads(&attr);
	one = 1;
}

const struct mistake memory_errors[] = {
	{ "heap-right", heap_right },
	{ "heap-left", heap_left },
	{ "heap-memset", heap_memset },
	{ "after-free", after_free },
	{ "after-realloc", after_realloc },
	{ "double-free", double_free },
	{ "wild-free", wild_free },
	{ "stack-right", stack_right },
	{ "after-scope", after_scope },
	{ "alloca-right", alloca_right },
	{ "global-right", global_right },
	{ "string", string },
	{ "recursion", recursion },
	{ "system-call", system_call },
	{ "jump", jump },
	{ "threads", threads },
	{ NULL, NULL },
};
