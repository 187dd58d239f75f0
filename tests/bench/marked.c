/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a program between the markers 16 and 17: one that has none itself. Its status is the program's.
 *
 *	marked PROGRAM ARGUMENT...
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uk/mark.h>

int main(int argc, char **argv)
{
	int status = 0;
	pid_t pid;

	if (argc < 2)
		return 2;
	UK_MARK(16);
	pid = vfork();
	if (!pid) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 126;
	UK_MARK(17);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
