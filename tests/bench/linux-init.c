/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PID 1 of a Linux guest that runs one program: what stands behind `--` on the kernel command line.
 * Mounts a ram file system on /tmp, gives the network device the address that the command line names
 * (address=10.99.0.2, for programs that serve), runs the program, and leaves QEMU with its status by
 * isa-debug-exit, as our images do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
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

static void up(const char *name, const char *address)
{
	struct ifreq req = { 0 };
	struct sockaddr_in *in = (void *)&req.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(req.ifr_name, name);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &req))
		perror(name);
	if (strcmp(name, "lo")) {
		inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
		if (ioctl(fd, SIOCSIFNETMASK, &req))
			perror(name);
	}
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &req))
		perror(name);
	close(fd);
}

/* Programs of a distribution open /dev/null and the like, and look at /proc. */
static void serve(const char *address)
{
	mkdir("/proc", 0755);
	mkdir("/run", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("proc", "/proc", "proc", 0, NULL))
		perror("mount");
	up("lo", "127.0.0.1");
	up("eth0", address);
}

int main(int argc, char **argv)
{
	const char *address = getenv("address");
	int status = 125;

	if (address)
		serve(address);
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
