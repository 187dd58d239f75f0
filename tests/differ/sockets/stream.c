/* SPDX-License-Identifier: BSD-3-Clause */
/* Stream sockets: connecting, moving bytes, closing; poll and epoll of all of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <stdlib.h>
#include "sockets.h"

static char data[300000], back[300001]; /* the reader sees the end */

static void creating(void)
{
	int s[2];

	SAY_FD(socket(AF_UNIX, 99, 0));
	SAY_FD(socket(AF_UNIX, SOCK_STREAM, 7));
	SAY_FD(socket(AF_UNIX, SOCK_RDM, 0));
	SAY_FD(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
	SAY_FD(socket(AF_UNIX, SOCK_RAW, 0));
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 9, s));
	SAY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
	SAY(fcntl(s[0], F_GETFL));
	SAY(fcntl(s[1], F_GETFD));
	NAMES(s[0]);
	SAY(recv(s[0], back, 1, 0));
	SAY(lseek(s[0], 0, SEEK_SET));
	SAY(ftruncate(s[0], 0));
	SAY(({
		struct stat st;
		fstat(s[0], &st);
		st.st_mode;
	}));
	close(s[0]);
	close(s[1]);
}

static void unconnected(void)
{
	int u = SAY_FD(socket(AF_UNIX, SOCK_STREAM, 0));

	READY(u);
	SAY(read(u, back, 1));
	SAY(write(u, data, 1));
	SAY(send(u, data, 1, MSG_NOSIGNAL));
	SAY(recv(u, back, 1, 0));
	SAY(listen(u, 5));
	SAY(accept(u, NULL, NULL));
	SAY(shutdown(u, 7));
	SAY(shutdown(u, SHUT_WR));
	SAY(connect_to(u, "/tmp/differ.none"));
	SAY(connect_to(u, "@differ.none"));
	NAMES(u);
	close(u);
}

static void connecting(void)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int l = SAY_FD(socket(AF_UNIX, SOCK_STREAM, 0)), c, d, s;

	unlink("/tmp/differ.sock");
	SAY(bind_to(l, "/tmp/differ.sock"));
	SAY(bind_to(l, "/tmp/differ.sock2"));
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect_to(c, "/tmp/differ.sock"));
	SAY(listen(l, 1));
	READY(l);
	SAY(connect_to(c, "/tmp/differ.sock"));
	SAY(connect_to(c, "/tmp/differ.sock"));
	READY(l);
	READY(c);
	SAY(write(c, "hello", 5));
	s = SAY_FD(accept4(l, (struct sockaddr *)&a, &n, SOCK_CLOEXEC));
	show_name(__func__, &a, n);
	READY(l);
	SAY(fcntl(s, F_GETFD));
	SAY(fcntl(s, F_GETFL));
	READY(s);
	NAMES(s);
	NAMES(c);
	SAY(read(s, back, 100));
	SAY(write(s, "hi", 2));
	SAY(recv(c, back, 1, MSG_PEEK));
	SAY(recv(c, back, 100, MSG_PEEK));
	SAY(recv(c, back, 100, 0));
	SAY(listen(c, 1));
	SAY(connect_to(l, "/tmp/differ.sock"));
	SAY(write(l, "x", 1));
	SAY(read(l, back, 1));
	/* The backlog is full. */
	d = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect_to(d, "/tmp/differ.sock"));
	close(d);
	d = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect_to(d, "/tmp/differ.sock"));
	int e = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect_to(e, "/tmp/differ.sock"));
	/* The listener goes with d in its queue. */
	SAY(close(l));
	READY(d);
	SAY(read(d, back, 1));
	SAY(read(d, back, 1));
	SAY(write(d, back, 1));
	SAY(connect_to(e, "/tmp/differ.sock"));
	SAY(write(s, "still", 5));
	SAY(read(c, back, 9));
	close(c);
	close(d);
	close(e);
	READY(s);
	SAY(read(s, back, 9));
	SAY(write(s, back, 9));
	close(s);
	unlink("/tmp/differ.sock");
}

static void closing(void)
{
	int s[2], err;
	socklen_t n = sizeof(err);

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	READY(s[0]);
	SAY(write(s[0], "abc", 3));
	READY(s[0]);
	READY(s[1]);
	SAY(shutdown(s[0], SHUT_WR));
	READY(s[0]);
	READY(s[1]);
	SAY(write(s[0], "x", 1));
	SAY(read(s[1], back, 2));
	SAY(read(s[1], back, 2));
	SAY(read(s[1], back, 2));
	SAY(write(s[1], "yz", 2));
	SAY(read(s[0], back, 9));
	SAY(shutdown(s[0], SHUT_RD));
	READY(s[0]);
	READY(s[1]);
	SAY(read(s[0], back, 9));
	SAY(send(s[1], "x", 1, 0));
	close(s[0]);
	READY(s[1]);
	SAY(read(s[1], back, 2));
	NAMES(s[1]);
	close(s[1]);

	/* Unread bytes: the other end is reset. */
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(write(s[0], "abc", 3));
	SAY(write(s[1], "def", 3));
	SAY(close(s[1]));
	READY(s[0]);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &err, &n));
	TELL("%s", say_error(err));
	READY(s[0]);
	SAY(read(s[0], back, 9));
	SAY(read(s[0], back, 9));
	close(s[0]);
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(write(s[0], "abc", 3));
	SAY(close(s[1]));
	SAY(read(s[0], back, 9));
	SAY(read(s[0], back, 9));
	SAY(write(s[0], back, 9));
	close(s[0]);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int sig)
{
	pipes++;
}

static void sigpipe(void)
{
	void (*old)(int) = signal(SIGPIPE, on_pipe);
	int s[2];

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	close(s[1]);
	SAY(write(s[0], "x", 1));
	TELL("%d", pipes);
	SAY(send(s[0], "x", 1, 0));
	TELL("%d", pipes);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	TELL("%d", pipes);
	close(s[0]);
	signal(SIGPIPE, old);
}

static void bytes(void)
{
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
	struct iovec w[2] = { { back, 3 }, { back + 10, 30 } };
	int s[2], n;

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(writev(s[0], v, 3));
	SAY(write(s[0], "", 0));
	SAY(send(s[0], "gh", 2, MSG_MORE));
	SAY(ioctl(s[1], FIONREAD, &n));
	TELL("%d", n);
	SAY(readv(s[1], w, 2));
	TELL("%.3s %.5s", back, back + 10);
	SAY(recv(s[1], back, 1, MSG_DONTWAIT));
	SAY(recv(s[1], back, 0, MSG_DONTWAIT));
	SAY(send(s[0], "x", 1, MSG_OOB) >= 0 || errno == EOPNOTSUPP);
	SAY(recv(s[1], back, 5, MSG_DONTWAIT) >= -1);
	SAY(sendto(s[0], "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "/x" }, 5));
	SAY(write(s[0], "12345678", 8));
	SAY(recv(s[1], back, 4, MSG_WAITALL));
	SAY(recv(s[1], back, 9, MSG_PEEK));
	SAY(recv(s[1], back, 2, MSG_TRUNC | MSG_DONTWAIT));
	SAY(recv(s[1], back, 9, MSG_DONTWAIT));
	close(s[0]);
	close(s[1]);
}

static void *drains(void *arg)
{
	int fd = *(int *)arg;
	size_t got = 0;
	ssize_t n;

	pause_ms(30);
	while ((n = read(fd, back + got, sizeof(back) - got)) > 0)
		got += (size_t)n;
	TELL("%zu bytes, the same: %d", got, !memcmp(back, data, got));
	return NULL;
}

/* More than fits: the writer waits for the reader. */
static void flow(void)
{
	struct pollfd f;
	pthread_t t;
	long sum = 0;
	ssize_t n;
	int s[2];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 17 + i / 251);
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pthread_create(&t, NULL, drains, &s[1]);
	SAY(write(s[0], data, sizeof(data)));
	shutdown(s[0], SHUT_WR);
	pthread_join(t, NULL);
	close(s[0]);
	close(s[1]);

	SAY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	while ((n = write(s[0], data, 10000)) > 0)
		sum += n;
	TELL("%s, a good deal: %d", say_error(errno), sum >= 100000 && sum <= 400000);
	READY(s[0]);
	while (read(s[1], back, sizeof(back)) > 0)
		;
	READY(s[0]);
	f = (struct pollfd){ s[0], POLLOUT, 0 };
	SAY(poll(&f, 1, 0));
	close(s[0]);
	close(s[1]);
}

static void timeouts(void)
{
	struct timeval tv = { 0, 20000 }, got;
	socklen_t n = sizeof(got);
	static char big[1000000];
	int s[2];

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	SAY(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &got, &n));
	SAY(read(s[0], back, 1));
	SAY(write(s[0], big, sizeof(big)) < (ssize_t)sizeof(big));
	close(s[0]);
	close(s[1]);
}

static void options(void)
{
	static const int names[] = { SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE,
				     SO_DONTROUTE, SO_PASSCRED,  SO_RCVLOWAT };
	int s[2], v, one = 1;
	struct ucred cred;
	socklen_t n;

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		n = sizeof(v);
		SAY(getsockopt(s[0], SOL_SOCKET, names[i], &v, &n));
		TELL("option %d is %d", names[i], v);
		SAY(setsockopt(s[0], SOL_SOCKET, names[i], &one, sizeof(one)));
		SAY(getsockopt(s[0], SOL_SOCKET, names[i], &v, &n));
		TELL("option %d is %d", names[i], v);
	}
#define INT(name)                                                                                  \
	do {                                                                                       \
		n = sizeof(v);                                                                     \
		v = -1;                                                                            \
		SAY(getsockopt(s[0], SOL_SOCKET, name, &v, &n));                                   \
		TELL("%d of %d bytes", v, (int)n);                                                 \
	} while (0)
	INT(SO_TYPE);
	INT(SO_DOMAIN);
	INT(SO_PROTOCOL);
	INT(SO_ERROR);
	INT(SO_ACCEPTCONN);
	INT(SO_SNDBUF);
	INT(SO_RCVBUF);
	v = 10000;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)));
	INT(SO_SNDBUF);
	v = 1;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)));
	INT(SO_SNDBUF);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, 2));
	SAY(setsockopt(s[0], SOL_SOCKET, 12345, &v, sizeof(v)));
	SAY(getsockopt(s[0], SOL_SOCKET, 12345, &v, &n));
	SAY(setsockopt(s[0], 6, 1, &v, sizeof(v)));
	SAY(getsockopt(s[0], 6, 1, &v, &n));
	n = sizeof(cred);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &n));
	TELL("ourselves: %d %d %d", cred.pid == getpid(), cred.uid == getuid(),
	     cred.gid == getgid());
	close(s[0]);
	close(s[1]);
	s[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	n = sizeof(cred);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &n));
	TELL("%d %d %d", cred.pid, (int)cred.uid, (int)cred.gid);
	close(s[0]);
}

static void edges(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int s[2], ep = epoll_create1(0);
#define LOOK() TELL("%d: %x", epoll_wait(ep, &ev, 1, 0), ev.events)

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &ev));
	LOOK();
	LOOK();
	SAY(write(s[1], "abc", 3));
	LOOK();
	LOOK();
	SAY(write(s[1], "abc", 3));
	LOOK();
	SAY(read(s[0], back, 2));
	LOOK();
	SAY(shutdown(s[1], SHUT_WR));
	LOOK();
	LOOK();
	SAY(close(s[1]));
	LOOK();
	LOOK();
	close(s[0]);
	LOOK();
	close(ep);
}

static int control(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	return epoll_ctl(ep, op, fd, &ev);
}

static void half_closed(void)
{
	struct epoll_event ev = { 0 };
	int s[2], ep;

	ep = epoll_create1(0);
	if (SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s)))
		return;
	SAY(control(ep, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLRDHUP));
	LOOK();
	SAY(write(s[1], "ab", 2));
	SAY(shutdown(s[1], SHUT_WR));
	LOOK();
	SAY(control(ep, EPOLL_CTL_MOD, s[0], EPOLLIN));
	LOOK();
	SAY(control(ep, EPOLL_CTL_MOD, s[0], EPOLLRDHUP | EPOLLOUT));
	LOOK();
	SAY(read(s[0], back, 9));
	LOOK();
	SAY(close(s[1]));
	LOOK();
	SAY(close(s[0]));
	LOOK();
	close(ep);
}

/* ---- threads ---- */

#define ROUNDS 200

static void *asks(void *arg)
{
	long bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), got = -1;

		if (connect_to(fd, "@differ.echo") || write(fd, &i, sizeof(i)) != sizeof(i) ||
		    read(fd, &got, sizeof(got)) != sizeof(got) || got != i)
			bad++;
		close(fd);
	}
	return (void *)bad;
}

/* Several clients, several threads that accept, a short backlog. */
static void crowd(void)
{
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t server[3], client[4];
	void *bad;

	SAY(bind_to(l, "@differ.echo"));
	SAY(listen(l, 2));
	for (int i = 0; i < 3; i++)
		pthread_create(server + i, NULL, echo_server, &l);
	for (int i = 0; i < 4; i++)
		pthread_create(client + i, NULL, asks, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(client[i], &bad);
		TELL("failed: %ld", (long)bad);
	}
	SAY(shutdown(l, SHUT_RDWR)); /* accept() ends */
	for (int i = 0; i < 3; i++)
		pthread_join(server[i], NULL);
	close(l);
}

void stream_cases(void)
{
	creating();
	unconnected();
	connecting();
	closing();
	sigpipe();
	bytes();
	flow();
	timeouts();
	options();
	edges();
	half_closed();
	crowd();
}
