/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spawn ROUNDS PROGRAM...: the time from starting a process to its end.
 *
 * Starts each program ROUNDS times, all in turn, so that noise from other users of the machine hits
 * all alike; their input and output is /dev/null. Prints one line per program:
 *   PROGRAM min_ns MIN median_ns MEDIAN
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long run(char *program, int null)
{
	char *argv[] = { program, NULL }, *envp[] = { NULL };
	long long start = now_ns();
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execve(program, argv, envp);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("spawn");
		exit(1);
	}
	if (status) {
		fprintf(stderr, "spawn: %s ended with status %d\n", program,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		exit(1);
	}
	return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, programs = argc - 2;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	long long *times;

	if (rounds < 1) {
		fprintf(stderr, "usage: spawn ROUNDS PROGRAM...\n");
		return 2;
	}
	times = calloc((size_t)rounds * programs, sizeof(*times));
	if (!times || null < 0) {
		perror("spawn");
		return 1;
	}
	for (int r = 0; r < rounds; r++)
		for (int p = 0; p < programs; p++)
			times[p * rounds + r] = run(argv[p + 2], null);
	for (int p = 0; p < programs; p++) {
		long long *t = times + p * rounds;

		qsort(t, rounds, sizeof(*t), compare);
		printf("%s min_ns %lld median_ns %lld\n", argv[p + 2], t[0], t[rounds / 2]);
	}
	return 0;
}
