/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PID 1 of a Linux guest that runs one program: what stands behind `--` on the kernel command line.
 * Mounts a ram file system on /tmp, runs the program, and leaves QEMU with its status by
 * isa-debug-exit, as our images do.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int status = 125;

	mkdir("/tmp", 01777);
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL))
		perror("mount /tmp");
	else if (argc > 1)
		status = run(argv + 1);
	else
		fprintf(stderr, "init: no program after `--` on the kernel command line\n");
	sync();
	usleep(1000); /* the serial port's buffer drains */
	iopl(3);
	outb(status, 0xf4);
	return status;
}
