/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What many bytes on one connection cost: a server that takes them, or gives them, as fast as it goes.
 *
 *   bench-tcp [PORT]	(5201)
 *
 * The first byte that a client sends says what it wants: `i` is followed by bytes until it has no more, and then answered by how many there
 * were (8 bytes, little-endian); `o` by a number of bytes (8 bytes), which it gets. One connection after the other, until one says `q`.
 *
 * It does for each 128 KiB what programs that measure networks do: select() with a time limit, read() or write() on a socket that does not
 * block, and a look at the clock. The k-th transfer is between the k-th pair of markers, with a line `phase NAME MIB`. Plain POSIX, as bench-udp: the Linux guest runs the same file.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uk/mark.h>

#define MARK_BEGIN 16
#define MARK_END   17

static char buf[128 << 10];
static unsigned long runs;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench-tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Until something may be done with the socket. */
static void wait(int fd, int out)
{
	struct timeval most = { 10, 0 };
	struct timespec now;
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	if (select(fd + 1, out ? NULL : &set, out ? &set : NULL, NULL, &most) < 0)
		die("select");
	clock_gettime(CLOCK_MONOTONIC, &now);
}

/* As many of n bytes as there are now; 0: the end. */
static ssize_t some(int fd, int out, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t rc = out ? write(fd, buf + done, n - done) : read(fd, buf + done, n - done);

		if (rc < 0 && errno == EAGAIN)
			return done ? (ssize_t)done : -1;
		if (rc < 0)
			die(out ? "write" : "read");
		if (!rc)
			break;
		done += (size_t)rc;
	}
	return (ssize_t)done;
}

static uint64_t take(int fd)
{
	uint64_t total = 0;
	ssize_t n;

	do {
		wait(fd, 0);
		n = some(fd, 0, sizeof(buf));
		if (n > 0)
			total += (uint64_t)n;
	} while (n);
	return total;
}

static void give(int fd, uint64_t left)
{
	while (left) {
		ssize_t n;

		wait(fd, 1);
		n = some(fd, 1, left < sizeof(buf) ? left : sizeof(buf));
		if (n > 0)
			left -= (uint64_t)n;
	}
}

static void run(int fd, char what, uint64_t n)
{
	UK_MARK(MARK_BEGIN);
	if (what == 'i')
		n = take(fd);
	else
		give(fd, n);
	UK_MARK(MARK_END);
	printf("phase %s%lu %lu\n", what == 'i' ? "in" : "out", ++runs, (unsigned long)(n >> 20));
	if (what == 'i' && write(fd, &n, sizeof(n)) != sizeof(n))
		die("answer");
}

/* 1: that was the last one. */
static int serve(int fd)
{
	uint64_t n = 0;
	char what = 0;

	if (recv(fd, &what, 1, 0) == 1 && what == 'o' &&
	    recv(fd, &n, sizeof(n), MSG_WAITALL) != sizeof(n))
		return 0;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (what == 'i' || what == 'o')
		run(fd, what, n);
	return what == 'q';
}

/* A socket that listens, of both internet families where there are both. */
static int listener(uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	const int on = 1;
	int s = socket(AF_INET6, SOCK_STREAM, 0), rc;

	if (s >= 0) {
		setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		rc = bind(s, (struct sockaddr *)&six, sizeof(six));
	} else {
		s = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		rc = bind(s, (struct sockaddr *)&four, sizeof(four));
	}
	if (rc || listen(s, 5))
		die("listen");
	return s;
}

int main(int argc, char **argv)
{
	int s = listener((uint16_t)(argc > 1 ? atoi(argv[1]) : 5201)), fd, last;

	printf("bench-tcp: listening\n");
	fflush(stdout);
	do {
		fd = accept(s, NULL, NULL);
		if (fd < 0)
			die("accept");
		last = serve(fd);
		close(fd);
	} while (!last);
	return 0;
}
