/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may have a port beside others, and who gets what comes there; datagrams that meet nobody. */
#include "sockettest.h"

enum { REUSE_ADDR = 1, REUSE_PORT = 2 };

static int with_options(int type, int options)
{
	int fd = socket(AF_INET, type, 0), one = 1;

	if (options & REUSE_ADDR)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (options & REUSE_PORT)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	return fd;
}

static void pair(int type, int first, int second, int where, bool listening)
{
	static const char *const names[] = { "none", "addr", "port", "both" };
	struct sockaddr_in a = loopback(0);
	int one = with_options(type, first), two = with_options(type, second);
	socklen_t n = sizeof(a);

	if (where == 1)
		a.sin_addr.s_addr = 0;
	if (bind(one, (void *)&a, n) || getsockname(one, (void *)&a, &n))
		perror("pair");
	if (listening)
		listen(one, 4);
	if (where)
		a.sin_addr.s_addr = where == 1 ? htonl(INADDR_LOOPBACK) : 0;
	printf("%s %s+%s %d%s\n", type == SOCK_STREAM ? "stream" : "datagram", names[first],
	       names[second], where, listening ? " listening" : "");
	if (!SAY(bind(two, (void *)&a, n)) && type == SOCK_STREAM) {
		SAY(listen(two, 4));
		SAY(listen(one, 4));
	}
	close(one);
	close(two);
}

static void test_matrix(void)
{
	for (int where = 0; where < 3; where++)
		for (int options = 0; options < 16; options++) {
			pair(SOCK_STREAM, options & 3, options >> 2, where, false);
			pair(SOCK_STREAM, options & 3, options >> 2, where, true);
			pair(SOCK_DGRAM, options & 3, options >> 2, where, false);
		}
}

#define CALLERS 64

static int take_all(int type, int fd)
{
	char c;
	int n = 0, got;

	for (;; n++) {
		got = type == SOCK_STREAM ? accept(fd, NULL, NULL)
					  : (int)recv(fd, &c, 1, MSG_DONTWAIT);
		if (got < 0)
			return n;
		if (type == SOCK_STREAM)
			close(got);
	}
}

static void call(int type, const struct sockaddr_in *a, int *fd)
{
	for (int i = 0; i < CALLERS; i++) {
		fd[i] = socket(AF_INET, type, 0);
		if (connect(fd[i], (const void *)a, sizeof(*a)))
			perror("connect");
		if (type == SOCK_DGRAM)
			send(fd[i], "x", 1, 0);
	}
	settle();
}

/* Two sockets share a port; then one of them is gone. */
static void test_sharing(int type)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof(a);
	int one = with_options(type, REUSE_PORT), two = with_options(type, REUSE_PORT), fd[CALLERS];
	int first, second;

	SAY(bind(one, (void *)&a, n));
	getsockname(one, (void *)&a, &n);
	SAY(bind(two, (void *)&a, n));
	if (type == SOCK_STREAM) {
		SAY(listen(one, 128));
		SAY(listen(two, 128));
		fcntl(one, F_SETFL, O_NONBLOCK);
		fcntl(two, F_SETFL, O_NONBLOCK);
	}
	call(type, &a, fd);
	first = take_all(type, one);
	second = take_all(type, two);
	printf("both %d, together %d\n", first > 0 && second > 0, first + second);
	for (int i = 0; i < CALLERS; i++)
		close(fd[i]);
	close(one);
	call(type, &a, fd);
	printf("the other %d\n", take_all(type, two));
	for (int i = 0; i < CALLERS; i++)
		close(fd[i]);
	close(two);
}

/* A port that nobody has any more. */
static struct sockaddr_in nobody(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	bind(fd, (void *)&a, n);
	getsockname(fd, (void *)&a, &n);
	close(fd);
	return a;
}

static void test_unreachable(void)
{
	struct sockaddr_in a = nobody();
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
				   .sin6_port = a.sin_port,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), error = 0;
	socklen_t n = sizeof(error);
	char c;

	SAY(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
	settle();
	show_poll("not connected", fd, POLLIN | POLLOUT, 0);
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY(send(fd, "x", 1, 0));
	settle();
	show_poll("refused", fd, POLLIN | POLLOUT, 0);
	SAY(send(fd, "x", 1, 0));
	SAY(send(fd, "x", 1, 0));
	settle();
	SAY(recv(fd, &c, 1, MSG_DONTWAIT));
	SAY(recv(fd, &c, 1, MSG_DONTWAIT));
	SAY(send(fd, "x", 1, 0));
	settle();
	SAY(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n));
	printf("  %d\n", error == ECONNREFUSED);
	show_poll("told", fd, POLLIN | POLLOUT, 0);
	SAY(send(fd, "x", 1, 0));
	SAY(recv(fd, &c, 1, 0)); /* waits for the error, where it has not come yet */
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	SAY(connect(fd, (void *)&a6, sizeof(a6)));
	SAY(send(fd, "x", 1, 0));
	settle();
	SAY(send(fd, "x", 1, 0));
	close(fd);
}

void test_reuse(void)
{
	test_matrix();
	test_sharing(SOCK_STREAM);
	test_sharing(SOCK_DGRAM);
	test_unreachable();
}
