/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   bench-serve THREADS ROUNDS
 *
 * A server of so many threads, each with a socket that listens at port 80, an epoll and a CPU of its own. A request is answered with
 * 512 bytes after so many rounds of a generator of random numbers (6 instructions each): what a program does for a request.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT   80
#define EVENTS 64

static unsigned long rounds;
static volatile uint64_t result;
static char answer[600];
static size_t length;

/* xorshift64 (Marsaglia 2003) */
static void compute(void)
{
	uint64_t x = 88172645463325252UL;

	for (unsigned long i = 0; i < rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	result = x;
}

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	perror(what);
	exit(1);
}

static int listener(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	must(s, "socket");
	must(setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
	must(bind(s, (const struct sockaddr *)&at, sizeof(at)), "bind");
	must(listen(s, SOMAXCONN), "listen");
	return s;
}

static void watch(int e, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	must(epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev), "epoll_ctl");
}

static void serve_one(int fd)
{
	char request[2048];

	if (read(fd, request, sizeof(request)) <= 0) {
		close(fd);
		return;
	}
	compute();
	if (write(fd, answer, length) != (ssize_t)length)
		close(fd);
}

static void *serve(void *cpu)
{
	int s = listener(), e = epoll_create1(0);
	struct epoll_event events[EVENTS];
	cpu_set_t set, all;

	/* The n-th of those that we may use; with fewer of them any. */
	CPU_ZERO(&set);
	must(sched_getaffinity(0, sizeof(all), &all), "sched_getaffinity");
	for (size_t i = 0, n = (size_t)cpu; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && n-- == 0)
			CPU_SET(i, &set);
	if (CPU_COUNT(&set))
		must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	must(e, "epoll_create1");
	watch(e, s);
	for (;;) {
		int n = epoll_wait(e, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd != s)
				serve_one(fd);
			else if ((fd = accept(s, NULL, NULL)) >= 0)
				watch(e, fd);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	size_t threads;

	if (argc != 3 || !(threads = strtoul(argv[1], NULL, 10))) {
		fprintf(stderr, "usage: bench-serve THREADS ROUNDS\n");
		return 2;
	}
	rounds = strtoul(argv[2], NULL, 10);
	length = (size_t)snprintf(answer, sizeof(answer),
				  "HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\n%0512d", 0);
	while (--threads) {
		pthread_t t;

		if (pthread_create(&t, NULL, serve, (void *)threads)) {
			fprintf(stderr, "bench-serve: no thread\n");
			return 1;
		}
	}
	serve(NULL);
	return 0;
}
