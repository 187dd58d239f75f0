/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that goes on until it is told to end: lasting ROLE [MIB [THREADS]]. `stop` handles SIGTERM, `default` does not, `tick`
 * does, and says each tenth of a second what its clocks show, a random number, and how often each of so many threads has run. It
 * holds so much memory, and looks at the end whether all of it is as it was.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void note(int sig)
{
	asked = sig;
}

static size_t fill(uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		words[i] = i * 0x9e3779b97f4a7c15;
	return n;
}

static bool is_intact(const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (words[i] != i * 0x9e3779b97f4a7c15)
			return false;
	return true;
}

#define THREADS 8
static _Atomic unsigned turns[THREADS];

static void *turn(void *arg)
{
	_Atomic unsigned *n = arg;

	for (;; ++*n)
		usleep(10000);
	return NULL;
}

static long ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tick(unsigned threads)
{
	static unsigned n;
	uint64_t random;

	usleep(100000);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = 0;
	printf("tick %u %ld %ld %016llx", ++n, ms(CLOCK_MONOTONIC), ms(CLOCK_REALTIME),
	       (unsigned long long)random);
	for (unsigned i = 0; i < threads; i++)
		printf(" %u", turns[i]);
	puts("");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;
	unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	bool ticks = !strcmp(role, "tick");
	uint64_t *words = malloc(n + 1);
	pthread_t t;

	if (!words) {
		puts("no memory");
		return 1;
	}
	n = fill(words, n / sizeof(*words));
	if (strcmp(role, "default"))
		signal(SIGTERM, note);
	for (unsigned i = 0; i < threads && i < THREADS; i++)
		if (pthread_create(&t, NULL, turn, &turns[i])) {
			puts("no thread");
			return 1;
		}
	puts("ready");
	fflush(stdout);
	while (!asked)
		if (ticks)
			tick(threads);
		else
			pause();
	printf("asked by %d%s\n", asked, is_intact(words, n) ? "" : "; memory has changed");
	return 0;
}
