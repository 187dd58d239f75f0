/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: pthread-stress [threads [rounds]]. A line per part; ends with "all is well" and status 0, while
 * threads are still busy, or with the first thing that was wrong and status 1.
 */
#include "stress.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int threads = 64;
int rounds = 50;

void fail(const char *file, int line, const char *what)
{
	printf("FAILED %s:%d: %s\n", file, line, what);
	fflush(stdout);
	_exit(1);
}

void run(int n, void *(*fn)(void *))
{
	pthread_t t[THREADS_MAX];

	for (long i = 0; i < n; i++)
		CHECK(!pthread_create(&t[i], NULL, fn, (void *)i));
	for (int i = 0; i < n; i++)
		CHECK(!pthread_join(t[i], NULL));
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "mutexes", mutexes },
	{ "robust mutexes", robust },
	{ "conditions", conditions },
	{ "barriers", barriers },
	{ "reader-writer locks", rwlocks },
	{ "semaphores", semaphores },
	{ "thread-local data", thread_data },
	{ "create and join", joined },
	{ "detached threads", detached },
	{ "cancellation", cancelled },
	{ "signals to threads", directed },
	{ "signals to the process", process_wide },
	{ "registers and handlers", registers },
	{ "affinity", affinity },
	{ "affinity errors", affinity_errors },
	{ "membarrier", barriers_of_memory },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		threads = atoi(argv[1]);
	if (argc > 2)
		rounds = atoi(argv[2]);
	if (threads < 2 || threads > THREADS_MAX || rounds < 1) {
		fprintf(stderr, "usage: pthread-stress [threads (2 to %d) [rounds]]\n",
			THREADS_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%ld CPUs, %d threads, %d rounds\n", sysconf(_SC_NPROCESSORS_ONLN), threads, rounds);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		printf("%s\n", parts[i].name);
		parts[i].run();
	}
	leave_busy_threads();
	printf("all is well\n");
	return 0;
}
