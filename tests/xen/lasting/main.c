/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that goes on until it is told to end: `stop` handles SIGTERM, `default` does not.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void note(int sig)
{
	asked = sig;
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";

	if (!strcmp(role, "stop"))
		signal(SIGTERM, note);
	puts("ready");
	fflush(stdout);
	while (!asked)
		pause();
	printf("asked by %d\n", asked);
	return 0;
}
