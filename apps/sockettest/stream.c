/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections. */
#include "sockettest.h"

void test_creation(void)
{
	int fd;

	SAY(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SAY(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SAY(socket(AF_INET, SOCK_STREAM, 300));
	SAY(socket(AF_INET, SOCK_SEQPACKET, 0));
	SAY(socket(AF_INET, SOCK_RAW, 0));
	SAY(socket(AF_INET, 77, 0));
	SAY(socket(77, SOCK_STREAM, 0));
	SAY(socket(AF_INET, SOCK_STREAM | 0x100000, 0));
	fd = (int)SAY(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_GETFL));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(listen(STDOUT_FILENO, 1));
	SAY(listen(99, 1));
	SAY(accept4(fd, NULL, NULL, 7));
	SAY(accept(fd, NULL, NULL));
	close(fd);
}

static void show_name(const char *what, int fd, int (*get)(int, struct sockaddr *, socklen_t *),
		      int port)
{
	struct sockaddr_in a = { 0 };
	socklen_t n = sizeof(a);
	int rc = get(fd, (void *)&a, &n);

	say(what, rc);
	if (!rc)
		printf("  %u %s %s\n", n, inet_ntoa(a.sin_addr),
		       !a.sin_port                 ? "none"
		       : ntohs(a.sin_port) == port ? "same"
						   : "other");
}

void test_stream(void)
{
	struct sockaddr_in a, peer;
	socklen_t n = sizeof(peer);
	int port, l = listener(&port), c, s, one = 1, value;
	char buf[64];

	a = loopback(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	show_name("getsockname", c, getsockname, port);
	show_name("getpeername", c, getpeername, port);
	SAY(recv(c, buf, 1, 0));
	SAY(send(c, buf, 1, MSG_NOSIGNAL));
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(listen(c, 1));
	s = accept(l, (void *)&peer, &n);
	printf("accept: %d %u %s\n", s >= 0, n, inet_ntoa(peer.sin_addr));
	show_name("getpeername", c, getpeername, port);
	show_name("getsockname", s, getsockname, port);
	SAY(bind(c, (void *)&a, sizeof(a)));
	SAY(send(c, "hello", 5, 0));
	SAY(recv(s, buf, 3, MSG_PEEK));
	SAY(recv(s, buf, sizeof(buf), 0));
	SAY(recv(s, buf, sizeof(buf), MSG_DONTWAIT));
	SAY(write(s, "0123456789", 10));
	settle();
	SAY(ioctl(c, FIONREAD, &value));
	printf("  %d\n", value);
	SAY(recv(c, NULL, 4, MSG_TRUNC));
	SAY(recv(c, buf, 3, 0));
	printf("  %.3s\n", buf);
	SAY(recv(c, buf, 0, 0));
	SAY(read(c, buf, 0));
	SAY(recv(c, buf, 10, MSG_OOB));
	SAY(ioctl(c, FIONBIO, &one));
	SAY(recv(c, buf, 10, MSG_WAITALL));
	SAY(recv(c, buf, 10, 0));
	SAY(ioctl(c, SIOCATMARK, &value));
	SAY(sendto(c, "x", 1, 0, (void *)&a, sizeof(a)));
	SAY(close(c));
	settle();
	SAY(recv(s, buf, sizeof(buf), 0));
	SAY(recv(s, buf, sizeof(buf), 0));
	SAY(recv(s, buf, sizeof(buf), 0));
	SAY(close(s));
	SAY(close(l));
}

void test_nonblocking(void)
{
	int port, l = listener(&port), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s, e;
	static char big[65536];
	struct sockaddr_in a = loopback(port);
	socklen_t n = sizeof(e);
	long sent = 0, rc, got = 0;

	fcntl(l, F_SETFL, O_NONBLOCK);
	SAY(accept(l, NULL, NULL));
	SAY(connect(c, (void *)&a, sizeof(a)));
	show_poll("poll", c, POLLOUT, 1000);
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	printf("  %d\n", e);
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(connect(c, (void *)&a, sizeof(a)));
	show_poll("poll", l, POLLIN, 1000);
	s = accept(l, NULL, NULL);
	printf("accepted nonblocking: %d\n", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
	while ((rc = send(c, big, sizeof(big), 0)) > 0)
		sent += rc;
	say("send until full", rc);
	printf("  %s\n", sent > 65536 ? "much" : "little");
	show_poll("full", c, POLLOUT, 0);
	while (got < sent && (rc = recv(s, big, sizeof(big), 0)) > 0)
		got += rc;
	printf("  all: %d\n", got == sent);
	show_poll("empty", c, POLLOUT, 1000);
	close(c);
	close(s);
	close(l);
}

static int pipes;

static void on_pipe(int sig)
{
	pipes++;
}

void test_shutdown(void)
{
	char buf[8];
	int fd[2];

	signal(SIGPIPE, on_pipe);
	connected(fd);
	SAY(shutdown(fd[0], 9));
	SAY(send(fd[0], "last", 4, 0));
	SAY(shutdown(fd[0], SHUT_WR));
	SAY(send(fd[0], "x", 1, MSG_NOSIGNAL));
	printf("  SIGPIPE %d\n", pipes);
	SAY(write(fd[0], "x", 1));
	printf("  SIGPIPE %d\n", pipes);
	settle();
	show_poll("other end", fd[1], POLLIN | POLLOUT | POLLRDHUP, 100);
	SAY(recv(fd[1], buf, 8, 0));
	SAY(recv(fd[1], buf, 8, 0));
	SAY(send(fd[1], "answer", 6, 0));
	SAY(recv(fd[0], buf, 8, 0));
	SAY(shutdown(fd[1], SHUT_RDWR));
	settle();
	show_poll("both shut", fd[1], POLLIN | POLLOUT | POLLRDHUP, 100);
	show_poll("both shut", fd[0], POLLIN | POLLOUT | POLLRDHUP, 100);
	SAY(recv(fd[0], buf, 8, 0));
	SAY(shutdown(fd[0], SHUT_WR));
	close(fd[0]);
	close(fd[1]);
	connected(fd);
	SAY(shutdown(fd[0], SHUT_RD));
	SAY(recv(fd[0], buf, 8, 0));
	show_poll("SHUT_RD", fd[0], POLLIN | POLLOUT | POLLRDHUP, 100);
	close(fd[0]);
	close(fd[1]);
	pipes = 0;
	connected(fd);
	close(fd[0]);
	settle();
	SAY(send(fd[1], "x", 1, 0));
	settle();
	show_poll("reset after the end", fd[1], POLLIN | POLLOUT | POLLRDHUP, 100);
	SAY(recv(fd[1], buf, 8, 0));
	SAY(send(fd[1], "x", 1, 0));
	SAY(send(fd[1], "x", 1, 0));
	printf("  SIGPIPE %d\n", pipes);
	SAY(recv(fd[1], buf, 8, 0));
	close(fd[1]);
}

/* What is left of an attempt whose error connect() has told. */
static void after_refusal(int port)
{
	struct sockaddr_in a = loopback(port);
	int c, flags;
	char buf[8];

	for (flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
		c = socket(AF_INET, SOCK_STREAM | flags, 0);
		SAY(connect(c, (void *)&a, sizeof(a)));
		if (flags) {
			settle();
			SAY(connect(c, (void *)&a, sizeof(a)));
		}
		show_poll("refusal told", c, POLLIN | POLLOUT | POLLRDHUP, 0);
		SAY(recv(c, buf, 8, 0));
		SAY(send(c, buf, 8, MSG_NOSIGNAL));
		close(c);
	}
}

void test_errors(void)
{
	struct sockaddr_in a;
	struct linger l = { 1, 0 };
	int port, fd[2], s = listener(&port), e, c;
	socklen_t n = sizeof(e);
	char buf[8];

	a = loopback(port);
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(bind(c, (void *)&a, sizeof(a)));
	SAY(bind(c, (void *)&a, 4));
	a.sin_addr.s_addr = inet_addr("192.0.2.1");
	SAY(bind(c, (void *)&a, sizeof(a)));
	a = loopback(port);
	a.sin_family = AF_INET6;
	SAY(bind(c, (void *)&a, sizeof(a)));
	a = loopback(0);
	SAY(bind(c, (void *)&a, sizeof(a)));
	SAY(bind(c, (void *)&a, sizeof(a)));
	close(s);
	a = loopback(port);
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(connect(c, (void *)&a, 5));
	close(c);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(c, (void *)&a, sizeof(a));
	show_poll("refused", c, POLLOUT | POLLIN, 1000);
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	printf("  %s\n", strerror(e));
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	printf("  %d\n", e);
	close(c);
	after_refusal(port);

	connected(fd);
	setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(fd[0]);
	settle();
	show_poll("reset", fd[1], POLLIN | POLLOUT | POLLRDHUP, 100);
	SAY(recv(fd[1], buf, 8, 0));
	SAY(recv(fd[1], buf, 8, 0));
	SAY(send(fd[1], buf, 8, MSG_NOSIGNAL));
	close(fd[1]);

	connected(fd);
	send(fd[0], "unread", 6, 0);
	settle();
	close(fd[1]);
	settle();
	SAY(recv(fd[0], buf, 8, 0));
	SAY(recv(fd[0], buf, 8, 0));
	close(fd[0]);
}
