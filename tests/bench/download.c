/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Downloads a file by HTTP, so many times on one connection, between the markers 16 and 17; once before, unmeasured.
 *
 *	download ADDRESS PORT PATH TIMES
 *
 * Every answer is read whole; one that is not of the first one's length, or not `200`, is an error.
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

static char buf[128 << 10];

/* Asks, and reads the answer; its body's length. */
static size_t get(int fd, const char *request)
{
	size_t len = strlen(request), have = 0, body, left;
	char *end = NULL, *length;

	if (write(fd, request, len) != (ssize_t)len)
		err(1, "write");
	while (!end) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);

		if (n <= 0)
			err(1, n ? "read" : "the server closed the connection");
		have += (size_t)n;
		buf[have] = 0;
		end = strstr(buf, "\r\n\r\n");
	}
	length = strstr(buf, "\r\nContent-Length: ");
	if (strncmp(buf, "HTTP/1.1 200 ", 13) || !length || length > end)
		errx(1, "the answer is not a file: %.60s", buf);
	body = strtoul(length + 18, NULL, 10);
	have -= (size_t)(end + 4 - buf);
	if (have > body)
		errx(1, "more than the file came");
	for (left = body - have; left;) {
		ssize_t n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));

		if (n <= 0)
			err(1, n ? "read" : "the server closed the connection");
		left -= (size_t)n;
	}
	return body;
}

int main(int argc, char **argv)
{
	struct timeval patience = { .tv_sec = 60 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timespec begin, end;
	char request[512];
	size_t size;
	int fd;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		errx(2, "usage: download ADDRESS PORT PATH TIMES");
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", argv[3]);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) ||
	    connect(fd, (const void *)&to, sizeof(to)))
		err(1, "%s", argv[1]);
	size = get(fd, request);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	UK_MARK(16);
	for (int i = 0; i < atoi(argv[4]); i++)
		if (get(fd, request) != size)
			errx(1, "the file's length changes");
	UK_MARK(17);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("bytes %zu seconds %.9f\n", size * (size_t)atoi(argv[4]),
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
