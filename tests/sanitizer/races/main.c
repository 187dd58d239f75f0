/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program with two threads that use one number: `races NAME` for a second, or for as many as the second
 * argument says. All but the first three are right.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long count;
static atomic_long atomic;
char buffer[256],
	other[256]; /* not static: or nobody would see that they are written, and they were not */
static double end;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_plainly(void)
{
	count++;
}

static void copy(void)
{
	memcpy(buffer, other, sizeof(buffer));
}

/* The flag that a loop waits for: it works, until a compiler reads it once. */
static void flag(void)
{
	if (count)
		count = 0;
	else
		count = 1;
}

static void add_locked(void)
{
	pthread_mutex_lock(&mutex);
	count++;
	pthread_mutex_unlock(&mutex);
}

static void add_atomically(void)
{
	atomic_fetch_add(&atomic, 1);
}

static void allocate(void)
{
	char *p = malloc(100);

	if (p)
		memset(p, 1, 100);
	free(p);
}

static const struct {
	const char *name;
	void (*fn)(void);
} all[] = {
	{ "plain", add_plainly },
	{ "copy", copy },
	{ "flag", flag },
	{ "mutex", add_locked },
	{ "atomic", add_atomically },
	{ "malloc", allocate },
};

static void *work(void *arg)
{
	void (*fn)(void) = *(void (**)(void))arg;

	while (now() < end)
		for (int i = 0; i < 1000; i++)
			fn();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[2];

	for (size_t i = 0; argc > 1 && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(argv[1], all[i].name))
			continue;
		end = now() + (argc > 2 ? atof(argv[2]) : 1);
		for (int k = 0; k < 2; k++)
			if (pthread_create(&t[k], NULL, work, (void *)&all[i].fn))
				return 2;
		for (int k = 0; k < 2; k++)
			pthread_join(t[k], NULL);
		puts("alive");
		return 0;
	}
	return 1;
}
