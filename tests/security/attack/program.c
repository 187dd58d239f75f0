/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only a program can attack or be attacked by: threads and their stacks, mmap(), the C
 * library's functions.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "attack.h"

#define PAGE  4096UL
#define STACK (64UL << 10)

static enum verdict (*task)(void);
static pthread_barrier_t all_there;

static void *start(void *arg)
{
	pthread_setname_np(pthread_self(), arg);
	pthread_barrier_wait(&all_there);
	return (void *)(uintptr_t)task();
}

/* What an overflow of the stack above writes to is nothing that this needs to wait, and to end. */
static void *idle(void *arg)
{
	char unused[4096];

	hide(unused);
	pthread_barrier_wait(&all_there);
	for (;;)
		pause();
	return arg;
}

/* In a thread whose stack has neighbours on both sides: an overflow has something to write to. */
static enum verdict in_thread(enum verdict (*fn)(void))
{
	static char name[] = "victim";
	void *result = (void *)NOTHING_HAPPENED;
	pthread_t thread, above, below;
	pthread_attr_t attr;

	task = fn;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_barrier_init(&all_there, NULL, 3);
	if (pthread_create(&above, &attr, idle, NULL) ||
	    pthread_create(&thread, &attr, start, name) ||
	    pthread_create(&below, &attr, idle, NULL) || pthread_join(thread, &result))
		return NOTHING_HAPPENED;
	return (enum verdict)(uintptr_t)result;
}

/* Only just, if the second argument says 1. */
static enum verdict overflow_here(void)
{
	char *here = __builtin_frame_address(0);
	pthread_attr_t attr;
	size_t size;
	void *low;

	if (attack_bytes) {
		pthread_getattr_np(pthread_self(), &attr);
		pthread_attr_getstack(&attr, &low, &size);
		attack_bytes = (size_t)(here - (char *)low) + 512;
	}
	return overflow_stack();
}

enum verdict overflow_thread(void)
{
	return in_thread(overflow_here);
}

enum verdict smash_thread(void)
{
	return in_thread(smash);
}

enum verdict run_thread_stack(void)
{
	return in_thread(run_stack);
}

enum verdict run_mmap(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	carry(p);
	return run(p);
}

enum verdict mmap_wx(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return errno == EACCES ? REFUSED : NOTHING_HAPPENED;
	carry(p);
	return run(p);
}

enum verdict mprotect_wx(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		return errno == EACCES ? REFUSED : NOTHING_HAPPENED;
	carry(p);
	return run(p);
}

/*
 * FORTIFY knows the size of an object and not that of what follows in the same structure; the
 * attacker wants the latter.
 */
static struct {
	char text[16];
	char secret[16];
} record = { "", "secret" };

static enum verdict overwritten(void)
{
	return strcmp(hide(record.secret), "secret") ? SUCCEEDED : NOTHING_HAPPENED;
}

enum verdict fortify_strcpy(void)
{
	strcpy(record.text, hide("a text of more than sixteen bytes"));
	return overwritten();
}

enum verdict fortify_sprintf(void)
{
	sprintf(record.text, "%s", (char *)hide("a text of more than sixteen bytes"));
	return overwritten();
}

/* The whole object counts for memcpy(), as it may well mean to copy all of a structure. */
static char before[16], behind[16];

enum verdict fortify_memcpy(void)
{
	char *first = (char *)hide(before) < (char *)hide(behind) ? before : behind;
	char text[64];

	memset(hide(text), 'A', sizeof(text));
	if (first == before)
		memcpy(before, hide(text), (size_t)hide((void *)32));
	else
		memcpy(behind, hide(text), (size_t)hide((void *)32));
	return SUCCEEDED;
}

enum verdict fortify_read(void)
{
	static char buffer[16], text[32];
	int fd[2];

	if (pipe(fd) || write(fd[1], text, sizeof(text)) != sizeof(text))
		return NOTHING_HAPPENED;
	return read(fd[0], buffer, (size_t)hide((void *)17)) == 17 ? SUCCEEDED : NOTHING_HAPPENED;
}

/* A random number for every line of input: what two copies of the same machine must not agree on. */
void draw(void)
{
	unsigned char number[16], c;

	for (;;) {
		getrandom(number, sizeof(number), 0);
		for (size_t i = 0; i < sizeof(number); i++)
			printf("%02x", number[i]);
		puts("");
		fflush(stdout);
		do
			if (read(STDIN_FILENO, &c, 1) != 1)
				exit(0);
		while (c != '\n');
	}
}

static enum verdict thread_where(void)
{
	static __thread int local;

	printf("thread-stack %p\nthread-tls %p\nthread-canary %#lx\n", __builtin_frame_address(0),
	       hide(&local), (unsigned long)canary());
	return SUCCEEDED;
}

void where_program(void)
{
	static __thread int local;

	printf("mmap %p\n",
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	printf("tls %p\n", hide(&local));
	in_thread(thread_where);
}
