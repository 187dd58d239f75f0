/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that goes on until it is told to end: lasting ROLE [MIB]. `stop` handles SIGTERM, `default` does not. It holds so
 * much memory, and looks at the end whether all of it is as it was.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;
	uint64_t *words = malloc(n + 1);

	if (!words) {
		puts("no memory");
		return 1;
	}
	n = fill(words, n / sizeof(*words));
	if (!strcmp(role, "stop"))
		signal(SIGTERM, note);
	puts("ready");
	fflush(stdout);
	while (!asked)
		pause();
	printf("asked by %d%s\n", asked, is_intact(words, n) ? "" : "; memory has changed");
	return 0;
}
