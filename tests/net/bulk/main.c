/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes both ways, for the tests of networks that lose some. On a connection come two numbers of 32 bits (little-endian), then
 * as many bytes as the first one says. The answer: their FNV-1a hash (64 bits), and as many bytes as the second one says, the
 * top bytes of x = x * 6364136223846793005 + 1442695040888963407 from x = 1. Then it is closed.
 *
 * `bulk` listens at port 9 of IPv4 and IPv6, one connection after the other; `bulk ADDRESS PORT` connects instead, once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char buf[16384];

static int take(int fd, uint32_t n, uint64_t *hash)
{
	while (n) {
		ssize_t got = read(fd, buf, n < sizeof(buf) ? n : sizeof(buf));

		if (got <= 0)
			return -1;
		for (ssize_t i = 0; i < got; i++)
			*hash = (*hash ^ buf[i]) * 0x100000001b3;
		n -= (uint32_t)got;
	}
	return 0;
}

static int give(int fd, uint32_t n)
{
	uint64_t x = 1;

	while (n) {
		size_t part = n < sizeof(buf) ? n : sizeof(buf);

		for (size_t i = 0; i < part; i++) {
			x = x * 6364136223846793005 + 1442695040888963407;
			buf[i] = (unsigned char)(x >> 56);
		}
		if (write(fd, buf, part) != (ssize_t)part)
			return -1;
		n -= (uint32_t)part;
	}
	return 0;
}

/* How many segments had to be sent again. */
static unsigned again(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		perror("TCP_INFO");
	return info.tcpi_total_retrans;
}

static void serve(int fd)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint32_t n[2];

	if (recv(fd, n, sizeof(n), MSG_WAITALL) != sizeof(n) || take(fd, n[0], &hash) ||
	    write(fd, &hash, sizeof(hash)) != sizeof(hash) || give(fd, n[1]))
		printf("bulk: %s\n", strerror(errno));
	else
		printf("bulk: %u in, %u out, %u segments again\n", n[0], n[1], again(fd));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int s, fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		to.sin_addr.s_addr = inet_addr(argv[1]);
		to.sin_port = htons((uint16_t)atoi(argv[2]));
		if (connect(s, (struct sockaddr *)&to, sizeof(to))) {
			perror("connect");
			return 1;
		}
		serve(s);
		return 0;
	}
	s = socket(AF_INET6, SOCK_STREAM, 0);
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) || listen(s, 10)) {
		perror("listen");
		return 1;
	}
	printf("bulk: listening\n");
	while ((fd = accept(s, NULL, NULL)) >= 0)
		serve(fd);
	perror("accept");
	return 1;
}
