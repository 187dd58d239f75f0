/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client that asks in lock step: each round sends BATCH requests on each of CONNECTIONS, then reads
 * all the answers. So the number of requests is exact, and how many a server finds at a time is the
 * same in each run, as far as TCP allows, between the markers 16 and 17. Every answer must be as long as the first and begin alike.
 *
 *   lockstep ADDRESS PORT CONNECTIONS ROUNDS BATCH http|new|get|set
 *
 * `new`: each request has a connection of its own, which the server closes; BATCH is 1.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <uk/mark.h>

#define SAME 12 /* bytes at the start of an answer: "HTTP/1.1 200", "$3\r\nVXK\r\n" */

static struct {
	const char *name;
	const char *text;
	const char *before; /* asked once, so that the answer is there */
	int anew;           /* on a connection of its own */
} kinds[] = {
	{ "http", "GET / HTTP/1.1\r\nHost: bench\r\n\r\n", NULL, 0 },
	{ "new", "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n", NULL, 1 },
	{ "get", "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n",
	  "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nVXK\r\n", 0 },
	{ "set", "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nVXK\r\n", NULL, 0 },
};

static int dial(const struct sockaddr_in *to)
{
	struct timeval patience = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const void *)to, sizeof(*to)))
		err(1, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void ask(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) != (ssize_t)len)
		err(1, "write");
}

static void answer(int fd, char *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, buf + at, len - at);

		if (n <= 0)
			err(1, n ? "read" : "the server closed the connection");
		at += (size_t)n;
	}
}

/* An answer's length: what comes until the server has been silent for a while. */
static size_t first_answer(int fd, const char *text, char *buf, size_t room)
{
	size_t len = 0;
	ssize_t n;

	ask(fd, text, strlen(text));
	do {
		n = recv(fd, buf + len, room - len, len ? MSG_DONTWAIT : 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		usleep(300000);
	} while (len < room);
	if (!len)
		err(1, "no answer");
	return len;
}

/* The other side closes first, and then so does this one. */
static void finish(int fd)
{
	char c;

	if (read(fd, &c, 1) != 0)
		errx(1, "the server does not close the connection");
	close(fd);
}

int main(int argc, char **argv)
{
	static char buf[1 << 20], first[1 << 16];
	const char *text = NULL, *before = NULL;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timespec begin, end;
	int anew = 0;

	for (size_t i = 0; argc == 7 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!strcmp(argv[6], kinds[i].name)) {
			text = kinds[i].text;
			before = kinds[i].before;
			anew = kinds[i].anew;
		}
	}
	if (!text || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		errx(2, "usage: lockstep ADDRESS PORT CONNECTIONS ROUNDS BATCH http|new|get|set");
	to.sin_port = htons((unsigned short)atoi(argv[2]));

	int conns = atoi(argv[3]), rounds = atoi(argv[4]), batch = atoi(argv[5]);
	size_t len = strlen(text), all = len * (size_t)batch;
	char *many = malloc(all + 1);
	int *fd = calloc((size_t)conns, sizeof(*fd));

	for (int i = 0; i < batch; i++)
		memcpy(many + (size_t)i * len, text, len);
	for (int i = 0; i < conns; i++)
		fd[i] = dial(&to);
	if (before)
		first_answer(fd[0], before, first, sizeof(first));

	size_t reply = first_answer(fd[0], text, first, sizeof(first)),
	       same = reply < SAME ? reply : SAME;

	if (reply * (size_t)batch > sizeof(buf))
		errx(1, "%zu bytes an answer are too many for a batch of %d", reply, batch);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	UK_MARK(16);
	for (int i = 0; anew && i < conns; i++)
		close(fd[i]);
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; anew && i < conns; i++)
			fd[i] = dial(&to);
		for (int i = 0; i < conns; i++)
			ask(fd[i], many, all);
		for (int i = 0; i < conns; i++) {
			answer(fd[i], buf, reply * (size_t)batch);
			for (int j = 0; j < batch; j++) {
				if (memcmp(buf + (size_t)j * reply, first, same))
					errx(1, "an answer begins otherwise than the first");
			}
		}
		for (int i = 0; anew && i < conns; i++)
			finish(fd[i]);
	}
	UK_MARK(17);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("requests %ld bytes %zu seconds %.6f\n", (long)conns * rounds * batch, reply,
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
