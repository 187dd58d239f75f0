/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors and credentials in messages. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include "sockets.h"

static char back[256];

/* Sends `n` descriptors along with `text`. */
static ssize_t send_fds(int to, const char *text, const int *fds, size_t n)
{
	char control[CMSG_SPACE(300 * sizeof(int))] = { 0 };
	struct iovec v = { (char *)text, strlen(text) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c;

	h.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(&h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return sendmsg(to, &h, 0);
}

/* Receives up to `size` bytes with room for `room` bytes of control data; tells all of it. */
static int receive(const char *who, int from, size_t size, size_t room, int flags, int fds[8])
{
	char control[1024];
	struct iovec v = { back, size };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = room ? control : NULL,
			    .msg_controllen = room };
	ssize_t n = recvmsg(from, &h, flags | MSG_DONTWAIT);
	int got = 0;

	if (n < 0) {
		printf("%s: recvmsg: %s\n", who, say_error(errno));
		return 0;
	}
	printf("%s: %zd bytes: %.*s, flags %x\n", who, n, (int)n, back, h.msg_flags & ~MSG_EOR);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		printf("%s: control %d %d of %zu bytes\n", who, c->cmsg_level, c->cmsg_type,
		       (size_t)c->cmsg_len);
		if (c->cmsg_type == SCM_RIGHTS)
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
				if (got < 8)
					memcpy(&fds[got++], CMSG_DATA(c) + i * sizeof(int),
					       sizeof(int));
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(c), sizeof(u));
			printf("%s: from ourselves: %d %d %d\n", who, u.pid == getpid(),
			       u.uid == getuid(), u.gid == getgid());
		}
	}
	fflush(stdout);
	return got;
}

#define RECEIVE(from, size, room, flags) receive(__func__, from, size, room, flags, fds)

static void close_all(int *fds, int n)
{
	while (n > 0)
		close(fds[--n]);
}

static void rights(int type)
{
	int s[2], e[3], fds[8], n;
	uint64_t value;

	TELL("type %d", type);
	SAY(socketpair(AF_UNIX, type, 0, s));
	for (int i = 0; i < 3; i++)
		e[i] = eventfd((unsigned)i + 5, EFD_NONBLOCK);
	SAY(send_fds(s[0], "three", e, 3));
	SAY(send_fds(s[0], "one", e, 1));
	close_all(e, 3);
	n = RECEIVE(s[1], 100, 200, 0);
	for (int i = 0; i < n; i++) {
		SAY(read(fds[i], &value, sizeof(value)));
		TELL("%d: cloexec %d", (int)value, fcntl(fds[i], F_GETFD));
	}
	close_all(fds, n);
	n = RECEIVE(s[1], 100, 200, MSG_CMSG_CLOEXEC);
	TELL("%d: cloexec %d", n, n ? fcntl(fds[0], F_GETFD) : -1);
	close_all(fds, n);
	/* Not asked for, or too little room: closed. */
	for (int i = 0; i < 3; i++)
		e[i] = eventfd(1, 0);
	SAY(send_fds(s[0], "unseen", e, 2));
	n = RECEIVE(s[1], 100, 0, 0);
	SAY(send_fds(s[0], "two of three", e, 3));
	n = RECEIVE(s[1], 100, CMSG_LEN(2 * sizeof(int)), 0);
	TELL("%d", n);
	close_all(fds, n);
	SAY(send_fds(s[0], "peeked", e, 1));
	n = RECEIVE(s[1], 100, 200, MSG_PEEK);
	TELL("%d", n);
	close_all(fds, n);
	n = RECEIVE(s[1], 100, 200, 0);
	TELL("%d", n);
	close_all(fds, n);
	SAY(send_fds(s[0], "read", e, 1));
	SAY(read(s[1], back, 100));
	n = 999;
	SAY(send_fds(s[0], "bad", &n, 1));
	n = RECEIVE(s[1], 100, 200, 0);
	close_all(e, 3);
	close(s[0]);
	close(s[1]);
}

/* In a stream: descriptors come with the first byte of their message, and end a read. */
static void in_streams(void)
{
	int s[2], e = eventfd(1, 0), fds[8], n;

	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	SAY(write(s[0], "aa", 2));
	SAY(send_fds(s[0], "bb", &e, 1));
	SAY(write(s[0], "cc", 2));
	n = RECEIVE(s[1], 100, 200, 0);
	TELL("%d", n);
	close_all(fds, n);
	n = RECEIVE(s[1], 100, 200, 0);
	TELL("%d", n);
	SAY(send_fds(s[0], "dddd", &e, 1));
	n = RECEIVE(s[1], 2, 200, 0);
	TELL("%d", n);
	close_all(fds, n);
	n = RECEIVE(s[1], 2, 200, 0);
	TELL("%d", n);
	close(e);
	close(s[0]);
	close(s[1]);
}

static void credentials(int type)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	struct iovec v = { "me", 2 };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	struct ucred u = { getpid(), getuid(), getgid() };
	int s[2], on = 1, fds[8];

	SAY(socketpair(AF_UNIX, type, 0, s));
	SAY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	SAY(write(s[0], "hello", 5));
	RECEIVE(s[1], 100, 200, 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(u));
	memcpy(CMSG_DATA(c), &u, sizeof(u));
	SAY(sendmsg(s[0], &h, 0));
	RECEIVE(s[1], 100, 200, 0);
	c->cmsg_type = 77;
	SAY(sendmsg(s[0], &h, 0));
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = 5;
	SAY(sendmsg(s[0], &h, 0));
	c->cmsg_len = CMSG_LEN(4);
	SAY(sendmsg(s[0], &h, 0));
	close(s[0]);
	close(s[1]);
}

/* Sockets in their own queues, in each other's, in a listener's: nobody can receive them. */
static void cycles(void)
{
	int s[2], t[2], l, c, before, after;

	before = dup(0);
	close(before);
	for (int i = 0; i < 50; i++) {
		SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0);
		SAY(send_fds(s[0], "itself", &s[1], 1));
		close(s[0]);
		close(s[1]);
		socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
		socketpair(AF_UNIX, SOCK_DGRAM, 0, t);
		SAY(send_fds(s[0], "t", t, 2));
		SAY(send_fds(t[0], "s", s, 2));
		close(s[0]);
		close(s[1]);
		close(t[0]);
		close(t[1]);
	}
	/* Not garbage: it can be received from the queue that is still open. */
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	socketpair(AF_UNIX, SOCK_STREAM, 0, t);
	SAY(send_fds(s[0], "t", t, 2));
	SAY(send_fds(t[0], "inside", &t[1], 1));
	close(t[0]);
	close(t[1]);
	{
		int fds[8], n = RECEIVE(s[1], 10, 200, 0);

		SAY(n);
		n = n == 2 ? RECEIVE(fds[1], 10, 200, 0) : -1;
		SAY(n);
	}
	close(s[0]);
	close(s[1]);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(bind_to(l, "@differ.cycle"));
	SAY(listen(l, 5));
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(connect_to(c, "@differ.cycle"));
	SAY(send_fds(c, "the listener itself", &l, 1));
	close(l);
	close(c);
	/* If it is gone, its name is free. */
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	pause_ms(50); /* Linux collects in the background */
	SAY(bind_to(l, "@differ.cycle"));
	close(l);
	after = 0;
	SAY(after);
}

void control_cases(void)
{
	rights(SOCK_STREAM);
	rights(SOCK_DGRAM);
	rights(SOCK_SEQPACKET);
	in_streams();
	credentials(SOCK_STREAM);
	credentials(SOCK_DGRAM);
	cycles();
}
