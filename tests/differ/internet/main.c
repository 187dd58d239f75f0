/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP and UDP over the loopback interface: prints a transcript; see ../say.h. internet [TOPIC] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include "../say.h"

static char data[3000000], back[3000001]; /* the reader sees the end */

static void ready_in(const char *who, int fd, int ms)
{
	struct pollfd f = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };
	int n = poll(&f, 1, ms);

	printf("%s: poll %d: %x\n", who, n, f.revents);
	fflush(stdout);
}

#define READY(fd) ready_in(__func__, fd, 0)

/* Until there is input: over a network it takes its time. */
static void await(int fd)
{
	struct pollfd f = { fd, POLLIN, 0 };

	poll(&f, 1, 2000);
}

static struct sockaddr_in loopback(int fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	if (fd >= 0)
		getsockname(fd, (struct sockaddr *)&a, &n);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int bind_any(int fd)
{
	struct sockaddr_in a = loopback(-1);

	return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static int connect_to(int fd, int listener)
{
	struct sockaddr_in a = loopback(listener);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

/* A connection: its two ends. */
static void make_pair(int s[2], int type)
{
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (bind_any(l) || listen(l, 5))
		TELL("listen: %s", say_error(errno));
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect_to(s[0], l))
		TELL("connect: %s", say_error(errno));
	s[1] = accept4(l, NULL, NULL, type);
	if (type)
		fcntl(s[0], F_SETFL, O_NONBLOCK);
	close(l);
}

static void connecting(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int l = SAY_FD(socket(AF_INET, SOCK_STREAM, 0)), c, s, err, none;

	SAY_FD(socket(AF_INET, SOCK_STREAM, 77));
	SAY_FD(socket(AF_INET, 99, 0));
	SAY(bind_any(l));
	SAY(bind_any(l));
	SAY(accept(l, NULL, NULL));
	SAY(listen(l, 5));
	READY(l);
	SAY(fcntl(l, F_SETFL, O_NONBLOCK));
	SAY(accept(l, NULL, NULL));
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
	SAY(recv(c, back, 1, 0));
	SAY(getpeername(c, (struct sockaddr *)&a, &n));
	SAY(connect_to(c, l));
	SAY(connect_to(c, l));
	await(l);
	READY(l);
	s = SAY_FD(accept4(l, (struct sockaddr *)&a, &n, SOCK_CLOEXEC));
	TELL("%d bytes, family %d, from ourselves: %d", (int)n, a.sin_family,
	     a.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	READY(l);
	SAY(accept(l, NULL, NULL));
	SAY(fcntl(s, F_GETFD));
	SAY(fcntl(s, F_GETFL));
	READY(s);
	SAY(write(c, "hello", 5));
	SAY(read(s, back, 100));
	SAY(send(s, "hi", 2, 0));
	SAY(recv(c, back, 1, MSG_PEEK));
	SAY(recv(c, back, 100, 0));
	close(c);
	await(s);
	SAY(read(s, back, 1));
	close(s);
	/* Nobody listens. */
	none = socket(AF_INET, SOCK_STREAM, 0);
	SAY(bind_any(none));
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect_to(c, none));
	close(c);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect_to(c, none) && errno == EINPROGRESS)
		ready_in("nobody", c, 1000) /* else it was told at once */;
	n = sizeof(err);
	getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &n);
	close(c);
	close(none);
	/* Without waiting. */
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect_to(c, l) && errno == EINPROGRESS) {
		struct pollfd f = { c, POLLOUT, 0 };

		poll(&f, 1, 1000);
	}
	n = sizeof(err);
	SAY(getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &n));
	TELL("error %d", err);
	SAY(write(c, "x", 1));
	close(c);
	close(l);
}

static void closing(void)
{
	int s[2];

	make_pair(s, 0);
	SAY(write(s[0], "abc", 3));
	SAY(shutdown(s[0], SHUT_WR));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	await(s[1]);
	SAY(recv(s[1], back, 10, MSG_WAITALL));
	SAY(read(s[1], back, 10));
	READY(s[1]);
	SAY(write(s[1], "def", 3));
	close(s[1]);
	SAY(recv(s[0], back, 10, MSG_WAITALL));
	SAY(read(s[0], back, 10));
	close(s[0]);
}

static void waiting(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	struct timeval tv = { 0, 20000 };
	int s[2], ep = epoll_create1(0);

	make_pair(s, SOCK_NONBLOCK);
	SAY(recv(s[1], back, 1, 0));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, s[1], &ev));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(write(s[0], "abc", 3));
	SAY(epoll_wait(ep, &ev, 1, 2000));
	TELL("%x", ev.events);
	SAY(read(s[1], back, 2));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(read(s[1], back, 5));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(write(s[0], "abc", 3));
	SAY(epoll_wait(ep, &ev, 1, 2000));
	SAY(read(s[1], back, 3));
	SAY(epoll_wait(ep, &ev, 1, 0));
	close(s[0]);
	SAY(epoll_wait(ep, &ev, 1, 2000));
	TELL("%x", ev.events);
	SAY(read(s[1], back, 3));
	close(s[1]);
	close(ep);
	make_pair(s, 0);
	SAY(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SAY(read(s[1], back, 1));
	close(s[0]);
	close(s[1]);
}

static void *drains(void *arg)
{
	struct timespec t = { 0, 30000000 };
	size_t got = 0;
	ssize_t n;

	nanosleep(&t, NULL);
	while ((n = read(*(int *)arg, back + got, sizeof(back) - got)) > 0)
		got += (size_t)n;
	TELL("%zu bytes, the same: %d", got, !memcmp(back, data, got));
	return NULL;
}

static void flow(void)
{
	struct iovec v[3] = { { data, 1000 }, { data + 1000, 1 }, { data + 1001, 500000 } };
	struct iovec w[2] = { { back, 10 }, { back + 10, 490 } };
	pthread_t t;
	long sum = 0;
	ssize_t n;
	int s[2];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 17 + i / 251);
	make_pair(s, 0);
	pthread_create(&t, NULL, drains, &s[1]);
	SAY(write(s[0], data, sizeof(data)));
	close(s[0]);
	pthread_join(t, NULL);
	close(s[1]);

	make_pair(s, 0);
	pthread_create(&t, NULL, drains, &s[1]);
	SAY(writev(s[0], v, 3));
	close(s[0]);
	pthread_join(t, NULL);
	close(s[1]);

	make_pair(s, 0);
	SAY(write(s[0], data, 500));
	SAY(recv(s[1], back, 500, MSG_PEEK | MSG_WAITALL));
	memset(back, 0, 500);
	SAY(readv(s[1], w, 2));
	SAY(memcmp(back, data, 500));
	close(s[0]);
	close(s[1]);

	make_pair(s, SOCK_NONBLOCK);
	while ((n = write(s[0], data, 100000)) > 0)
		sum += n;
	TELL("%s, a good deal: %d", say_error(errno), sum > 50000);
	while (sum > 0) {
		await(s[1]);
		n = read(s[1], back, sizeof(back));
		if (n <= 0)
			break;
		sum -= n;
	}
	TELL("left %ld", sum);
	{
		struct pollfd f = { s[0], POLLOUT, 0 };

		SAY(poll(&f, 1, 2000));
	}
	SAY(write(s[0], data, 1));
	close(s[0]);
	close(s[1]);
}

/* Memory that nobody has touched: pages come with the first access. */
static void untouched(void)
{
	char *big = calloc(1, 1 << 20), *big2 = malloc(1 << 20);
	struct sockaddr_in a;
	pthread_t t;
	int s[2], u;

	make_pair(s, 0);
	memset(data, 0, 1 << 20);
	pthread_create(&t, NULL, drains, &s[1]);
	SAY(write(s[0], big, 1 << 20));
	close(s[0]);
	pthread_join(t, NULL);
	close(s[1]);
	make_pair(s, 0);
	SAY(write(s[0], data, 20000));
	SAY(recv(s[1], big2, 20000, MSG_WAITALL));
	SAY(memcmp(big2, data, 20000));
	close(s[0]);
	close(s[1]);
	u = socket(AF_INET, SOCK_DGRAM, 0);
	bind_any(u);
	a = loopback(u);
	SAY(sendto(u, big + (1 << 19), 9000, 0, (struct sockaddr *)&a, sizeof(a)));
	SAY(recv(u, big2 + (1 << 19), 10000, 0));
	close(u);
	free(big);
	free(big2);
}

static void datagrams(void)
{
	int a = SAY_FD(socket(AF_INET, SOCK_DGRAM, 0)), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to, from;
	struct iovec v = { back, 3 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	socklen_t n = sizeof(from);

	SAY(bind_any(a));
	SAY(bind_any(b));
	READY(a);
	to = loopback(a);
	SAY(sendto(b, "one", 3, 0, (struct sockaddr *)&to, sizeof(to)));
	SAY(sendto(b, "", 0, 0, (struct sockaddr *)&to, sizeof(to)));
	SAY(sendto(b, "longer", 6, 0, (struct sockaddr *)&to, sizeof(to)));
	await(a);
	READY(a);
	SAY(recvfrom(a, back, 100, 0, (struct sockaddr *)&from, &n));
	TELL("%d bytes, from b: %d", (int)n, from.sin_port == loopback(b).sin_port);
	READY(a);
	SAY(recv(a, back, 100, 0));
	SAY(recvmsg(a, &h, 0));
	TELL("flags %x", h.msg_flags);
	READY(a);
	SAY(recv(a, back, 1, MSG_DONTWAIT));
	SAY(send(b, "x", 1, 0));
	SAY(connect_to(b, a));
	SAY(send(b, "connected", 9, 0));
	SAY(recv(a, back, 4, MSG_TRUNC));
	SAY(send(b, data, 70000, 0));
	close(a);
	close(b);
}

static void options(void)
{
	int s[2], v;
	socklen_t n;
	struct linger l = { 1, 3 };

	make_pair(s, 0);
#define SET(level_, name_, value)                                                                  \
	do {                                                                                       \
		int level = level_, name = name_;                                                  \
                                                                                                   \
		v = value;                                                                         \
		SAY(setsockopt(s[0], level, name, &v, sizeof(v)));                                 \
		n = sizeof(v);                                                                     \
		v = -1;                                                                            \
		SAY(getsockopt(s[0], level, name, &v, &n));                                        \
		TELL("level %d option %d is %d", level, name, v);                                  \
	} while (0)
	SET(IPPROTO_TCP, TCP_NODELAY, 1);
	SET(IPPROTO_TCP, TCP_CORK, 1);
	SET(IPPROTO_TCP, TCP_CORK, 0);
	SET(SOL_SOCKET, SO_KEEPALIVE, 1);
	SET(SOL_SOCKET, SO_REUSEADDR, 1);
	SET(IPPROTO_TCP, TCP_KEEPIDLE, 100);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(setsockopt(s[0], IPPROTO_TCP, 12345, &v, sizeof(v)));
	SAY(setsockopt(s[0], 12345, 1, &v, sizeof(v)));
	n = sizeof(v);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &n));
	TELL("is %d", v);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &v, &n));
	TELL("is %d", v);
	SAY(write(s[1], "abcd", 4));
	await(s[0]);
	SAY(ioctl(s[0], FIONREAD, &v));
	TELL("is %d", v);
	close(s[0]);
	close(s[1]);
}

static int listener;

static void *asks(void *arg)
{
	long bad = 0;

	for (int i = 0; i < 50; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), got = -1;

		if (connect_to(fd, listener) || write(fd, &i, sizeof(i)) != sizeof(i) ||
		    read(fd, &got, sizeof(got)) != sizeof(got) || got != i)
			bad++;
		close(fd);
	}
	return (void *)bad;
}

static void crowd(void)
{
	pthread_t server[3], client[4];
	void *bad;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	SAY(bind_any(listener));
	SAY(listen(listener, 10));
	for (int i = 0; i < 3; i++)
		pthread_create(server + i, NULL, echo_server, &listener);
	for (int i = 0; i < 4; i++)
		pthread_create(client + i, NULL, asks, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(client[i], &bad);
		TELL("failed: %ld", (long)bad);
	}
	SAY(shutdown(listener, SHUT_RDWR));
	for (int i = 0; i < 3; i++)
		pthread_join(server[i], NULL);
	close(listener);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	connecting();
	closing();
	waiting();
	flow();
	untouched();
	datagrams();
	options();
	crowd();
	return 0;
}
