/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts share. Each part starts threads, has them do what may go wrong, joins them, and checks
 * a property that holds whatever the order was. It also runs on Linux, where it must pass as well:
 *
 *	gcc -O2 -pthread -D_GNU_SOURCE *.c && ./a.out [threads [rounds]]
 */
#ifndef STRESS_H
#define STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdbool.h>

#define THREADS_MAX 256

extern int threads; /* in each part */
extern int rounds;  /* how often each of them does it */

/* Ends the program with what was wrong, and where. */
#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			fail(__FILE__, __LINE__, #x);                                              \
	} while (0)
_Noreturn void fail(const char *file, int line, const char *what);

/* Runs fn(0), fn(1) ... in that many threads, and waits for their ends. */
void run(int n, void *(*fn)(void *));
static inline int number(void *arg)
{
	return (int)(long)arg;
}

/* A generator for each thread. */
static inline unsigned next_random(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* locks.c */
void mutexes(void);
void robust(void);
void conditions(void);
void barriers(void);
void rwlocks(void);
void semaphores(void);
/* life.c */
void thread_data(void);
void joined(void);
void detached(void);
void cancelled(void);
/* signals.c */
void directed(void);
void process_wide(void);
void registers(void);
/* cpus.c */
void affinity(void);
void barriers_of_memory(void);
void affinity_errors(void);
void leave_busy_threads(void);

#endif
