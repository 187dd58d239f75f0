/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of which one side wants no more, or nothing at all: shutdown() in all states, and what comes then. */
#include "sockettest.h"

/* `how` of fd[0], and then the other side sends twice. */
static void send_to_shut(int first, int second)
{
	char buf[16];
	int fd[2];

	connected(fd);
	send(fd[1], "before", 6, 0);
	settle();
	SAY(shutdown(fd[0], first));
	if (second >= 0)
		SAY(shutdown(fd[0], second));
	settle();
	show_poll("  shut", fd[0], POLLIN | POLLOUT | POLLRDHUP, 0);
	SAY(send(fd[1], "behind", 6, MSG_NOSIGNAL));
	settle();
	show_poll("  it", fd[0], POLLIN | POLLOUT | POLLRDHUP, 0);
	show_poll("  the other", fd[1], POLLIN | POLLOUT | POLLRDHUP, 0);
	SAY(send(fd[1], "again", 5, MSG_NOSIGNAL));
	settle();
	SAY(recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	SAY(shutdown(fd[0], SHUT_WR));
	SAY(shutdown(fd[0], SHUT_RDWR));
	SAY(recv(fd[0], buf, sizeof(buf), 0));
	SAY(recv(fd[0], buf, sizeof(buf), 0));
	SAY(recv(fd[0], buf, sizeof(buf), 0));
	show_poll("  read", fd[0], POLLIN | POLLOUT | POLLRDHUP, 0);
	say("SO_ERROR", pending(fd[0]));
	close(fd[0]);
	close(fd[1]);
}

/* Nobody reads after SHUT_RD: the other side cannot send without end, and what has come can be read. */
static void fill_shut(void)
{
	static char big[65536];
	long sent = 0, got = 0, rc;
	int fd[2];

	connected(fd);
	SAY(shutdown(fd[0], SHUT_RD));
	do {
		while ((rc = send(fd[1], big, sizeof(big), MSG_DONTWAIT)) > 0)
			sent += rc;
		settle();
	} while (sent < (256 << 20) && send(fd[1], big, 1, MSG_DONTWAIT) == 1 && ++sent);
	printf("  %s\n", sent < (256 << 20) ? "full" : "without end");
	while ((rc = recv(fd[0], big, sizeof(big), 0)) > 0 || got < sent) {
		if (rc < 0)
			break;
		if (!rc)
			settle();
		got += rc;
	}
	say("recv", rc);
	printf("  all: %d\n", got == sent);
	close(fd[0]);
	close(fd[1]);
}

/* The other side has finished: nothing more can come, and all states are gone through. */
static void shut_after_end(void)
{
	char buf[8];
	int fd[2];

	connected(fd);
	SAY(shutdown(fd[1], SHUT_WR));
	settle();
	SAY(shutdown(fd[0], SHUT_RD));
	show_poll("  shut", fd[0], POLLIN | POLLOUT | POLLRDHUP, 0);
	SAY(send(fd[0], "x", 1, MSG_NOSIGNAL));
	SAY(recv(fd[1], buf, 8, 0));
	SAY(shutdown(fd[0], SHUT_WR));
	settle();
	SAY(shutdown(fd[0], SHUT_RD));
	SAY(shutdown(fd[1], SHUT_RD));
	SAY(recv(fd[0], buf, 8, 0));
	SAY(recv(fd[1], buf, 8, 0));
	say("SO_ERROR", pending(fd[0]));
	say("SO_ERROR", pending(fd[1]));
	close(fd[0]);
	close(fd[1]);
}

/* close() with something unread resets, also when it came after SHUT_RD. */
static void close_with_unread(void)
{
	char buf[8];
	int fd[2];

	connected(fd);
	shutdown(fd[0], SHUT_RD);
	send(fd[1], "x", 1, 0);
	settle();
	close(fd[0]);
	settle();
	SAY(recv(fd[1], buf, 8, 0));
	close(fd[1]);
}

void test_endings(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SAY(shutdown(fd, SHUT_RD));
	SAY(shutdown(fd, SHUT_RDWR));
	close(fd);
	send_to_shut(SHUT_RD, -1);
	send_to_shut(SHUT_RDWR, -1);
	send_to_shut(SHUT_RD, SHUT_WR);
	send_to_shut(SHUT_WR, SHUT_RD);
	send_to_shut(SHUT_WR, -1);
	fill_shut();
	shut_after_end();
	close_with_unread();
}

/* An address that every link has means none without the link's number. */
static void link_local(int type, const char *address)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	int fd = socket(AF_INET6, type, 0);

	printf(" %d %s\n", type, address);
	inet_pton(AF_INET6, address, &a.sin6_addr);
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(connect(fd, (void *)&a, 24));
	close(fd);
}

void test_link_local(void)
{
	link_local(SOCK_STREAM, "fe80::1");
	link_local(SOCK_DGRAM, "fe80::1");
	link_local(SOCK_DGRAM, "ff02::1");
}
