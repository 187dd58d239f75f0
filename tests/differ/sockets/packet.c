/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagram and packet sockets. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include "sockets.h"

static char back[4096];

static int send_to(int fd, const char *text, const char *to)
{
	struct sockaddr_un a;
	socklen_t n = name(&a, to);

	return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a, n);
}

static void receive(const char *who, int fd, size_t size, int flags)
{
	struct sockaddr_un a = { 0 };
	socklen_t n = sizeof(a);
	ssize_t got = recvfrom(fd, back, size, flags | MSG_DONTWAIT, (struct sockaddr *)&a, &n);

	if (got < 0) {
		printf("%s: receive: %s\n", who, say_error(errno));
		return;
	}
	printf("%s: received %zd: %.*s\n", who, got,
	       (int)(got < (ssize_t)size ? got : (ssize_t)size), back);
	show_name(who, &a, n);
}

#define RECEIVE(fd, size, flags) receive(__func__, fd, size, flags)

static void pairs(int type)
{
	struct msghdr h = { 0 };
	struct iovec v = { back, 3 };
	int s[2], n;

	TELL("type %d", type);
	SAY(socketpair(AF_UNIX, type, 0, s));
	READY(s[0]);
	SAY(send(s[0], "first", 5, 0));
	SAY(send(s[0], "second", 6, 0));
	SAY(send(s[0], "", 0, 0));
	READY(s[1]);
	SAY(ioctl(s[1], FIONREAD, &n));
	TELL("%d", n);
	RECEIVE(s[1], 100, MSG_PEEK);
	RECEIVE(s[1], 3, 0);
	h.msg_iov = &v;
	h.msg_iovlen = 1;
	SAY(recvmsg(s[1], &h, 0));
	TELL("flags %x", h.msg_flags & ~MSG_EOR);
	RECEIVE(s[1], 100, 0);
	RECEIVE(s[1], 100, 0);
	SAY(send(s[0], "truncated", 9, 0));
	RECEIVE(s[1], 4, MSG_TRUNC);
	SAY(write(s[1], "back", 4));
	SAY(read(s[0], back, 100));
	SAY(shutdown(s[0], SHUT_WR));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	READY(s[0]);
	READY(s[1]);
	SAY(send(s[1], "y", 1, 0));
	SAY(shutdown(s[0], SHUT_RD));
	READY(s[0]);
	SAY(recv(s[0], back, 5, 0));
	SAY(send(s[1], "y", 1, MSG_NOSIGNAL));
	close(s[0]);
	READY(s[1]);
	SAY(send(s[1], "z", 1, MSG_NOSIGNAL));
	SAY(send(s[1], "z", 1, MSG_NOSIGNAL));
	close(s[1]);
}

static void datagrams(void)
{
	int a = SAY_FD(socket(AF_UNIX, SOCK_DGRAM, 0)), b = socket(AF_UNIX, SOCK_DGRAM, 0);
	int c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	READY(a);
	SAY(send(a, "x", 1, 0));
	SAY(send_to(a, "x", "@differ.none"));
	SAY(send_to(a, "x", "/tmp/differ.none"));
	SAY(listen(a, 1));
	SAY(accept(a, NULL, NULL));
	SAY(bind_to(a, "@differ.a"));
	SAY(bind_to(b, "@differ.b"));
	SAY(send_to(b, "to a", "@differ.a"));
	SAY(send_to(c, "from nobody", "@differ.a"));
	RECEIVE(a, 100, 0);
	RECEIVE(a, 100, 0);
	SAY(connect_to(b, "@differ.a"));
	NAMES(b);
	SAY(send(b, "connected", 9, 0));
	RECEIVE(a, 100, 0);
	SAY(connect_to(a, "@differ.b"));
	/* a hears b only now. */
	SAY(send_to(c, "x", "@differ.a"));
	SAY(connect_to(c, "@differ.a"));
	SAY(connect(a, &(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr)));
	SAY(connect_to(c, "@differ.a"));
	READY(c);
	{
		int sent = 0;

		while (send(c, "fill", 4, 0) == 4)
			sent++;
		TELL("%s after %d", say_error(errno), sent);
	}
	READY(c);
	RECEIVE(a, 100, 0);
	READY(c);
	SAY(send(c, "again", 5, 0));
	SAY(send(c, "again", 5, 0));
	close(a);
	READY(c);
	SAY(send(c, "gone", 4, 0));
	SAY(send(c, "gone", 4, 0));
	NAMES(c);
	SAY(send(b, "gone", 4, 0));
	close(b);
	close(c);
}

static void sizes(void)
{
	static char big[300000];
	int s[2];

	SAY(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	SAY(send(s[0], big, 100000, 0));
	SAY(send(s[0], big, 212992 - 32 + 1, 0));
	SAY(send(s[0], big, sizeof(big), 0));
	SAY(recv(s[1], big, sizeof(big), 0));
	close(s[0]);
	close(s[1]);
}

static void packets(void)
{
	int l = SAY_FD(socket(AF_UNIX, SOCK_SEQPACKET, 0)), c, s;

	READY(l);
	SAY(send(l, "x", 1, 0));
	SAY(recv(l, back, 1, 0));
	SAY(bind_to(l, "@differ.seq"));
	SAY(listen(l, 5));
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(connect_to(c, "@differ.seq"));
	close(c);
	c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	SAY(connect_to(c, "@differ.seq"));
	SAY(send(c, "one", 3, 0));
	SAY(send(c, "two", 3, 0));
	s = SAY_FD(accept(l, NULL, NULL));
	RECEIVE(s, 100, 0);
	RECEIVE(s, 2, 0);
	RECEIVE(s, 2, 0);
	NAMES(c);
	close(c);
	READY(s);
	RECEIVE(s, 100, 0);
	SAY(send(s, "x", 1, MSG_NOSIGNAL));
	close(s);
	close(l);
}

static int many[2];

static void *sends(void *arg)
{
	for (int i = 0; i < 1000; i++)
		if (send(many[0], &i, sizeof(i), 0) != sizeof(i))
			TELL("%d: %s", i, say_error(errno));
	return NULL;
}

static void in_order(void)
{
	pthread_t t;
	int bad = 0, v;

	SAY(socketpair(AF_UNIX, SOCK_DGRAM, 0, many));
	pthread_create(&t, NULL, sends, NULL);
	for (int i = 0; i < 1000; i++)
		if (recv(many[1], &v, sizeof(v), 0) != sizeof(v) || v != i)
			bad++;
	pthread_join(t, NULL);
	TELL("wrong: %d", bad);
	close(many[0]);
	close(many[1]);
}

void packet_cases(void)
{
	pairs(SOCK_DGRAM);
	pairs(SOCK_SEQPACKET);
	datagrams();
	sizes();
	packets();
	in_order();
}
