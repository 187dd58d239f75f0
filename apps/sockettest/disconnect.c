/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connect() with AF_UNSPEC, which makes a socket as it was before it was connected, in all states; shutdown() where that means
 * the same: of who connects and who listens; and shutdown() of who is nothing yet.
 */
#include "sockettest.h"
#include <pthread.h>
#include <sys/epoll.h>

#define EVENTS (POLLIN | POLLOUT | POLLRDHUP)

static const struct sockaddr none = { .sa_family = AF_UNSPEC };
static struct sockaddr_in to; /* who listens there, whatever comes */

static int disconnect(int fd)
{
	return connect(fd, &none, sizeof(none));
}

static int call(int fd)
{
	return connect(fd, (void *)&to, sizeof(to));
}

/* Its addresses, and what poll() says. Ports that the system has chosen are only compared with the one before. */
static int show(int fd, int port_before)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in *a = (void *)&six;
	char text[INET6_ADDRSTRLEN];
	socklen_t n = sizeof(six);
	int port;

	SAY(getsockname(fd, (void *)&six, &n));
	port = ntohs(a->sin_port);
	if (a->sin_family == AF_INET)
		inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
	printf("  %s, %s\n", text,
	       !port                 ? "no port"
	       : port == port_before ? "the port before"
				     : "a port");
	n = sizeof(six);
	SAY(getpeername(fd, (void *)&six, &n));
	show_poll("  poll", fd, EVENTS, 0);
	return port;
}

/* What bind() has been told stays, and nothing else. */
static void keep_bound(const char *address, bool a_port)
{
	struct sockaddr_in a = loopback(0), free_one;
	int fd = socket(AF_INET, SOCK_STREAM, 0), port;
	socklen_t n = sizeof(free_one);

	printf(" %s, %s\n", address, a_port ? "port" : "any port");
	a.sin_addr.s_addr = inet_addr(address);
	if (a_port) {
		bind(fd, (void *)&a, sizeof(a));
		getsockname(fd, (void *)&free_one, &n);
		a.sin_port = free_one.sin_port;
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM, 0);
	}
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(disconnect(fd));
	port = show(fd, 0);
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(call(fd));
	show(fd, port);
	SAY(disconnect(fd));
	show(fd, port);
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(call(fd));
	if (a_port)
		show(fd, port);
	SAY(disconnect(fd));
	SAY(listen(fd, 1));
	if (a_port)
		show(fd, port);
	SAY(disconnect(fd));
	show(fd, a_port ? port : 0);
	SAY(listen(fd, 1));
	SAY(shutdown(fd, SHUT_WR));
	show_poll("  poll", fd, EVENTS, 0);
	SAY(shutdown(fd, SHUT_RD));
	SAY(accept(fd, NULL, NULL));
	show(fd, a_port ? port : 0);
	SAY(call(fd));
	close(fd);
}

/* The same of datagrams. What has its port without bind(), too, by connect() or by sending, cannot be bound any more. */
static void keep_bound_datagram(int domain, const char *address, bool a_port, bool send_first)
{
	union address a = { .any.sa_family = (sa_family_t)domain }, to6 = { 0 }, free_one;
	int fd = socket(domain, SOCK_DGRAM, 0), on = domain == AF_INET6, port;
	const socklen_t len = on ? sizeof(a.in6) : sizeof(a.in);
	socklen_t n = sizeof(free_one);
	char device[IF_NAMESIZE];

	printf(" datagrams, %s, %s\n", address ? address : "not bound",
	       a_port ? "port" : "any port");
	to6.in6.sin6_family = AF_INET6;
	to6.in6.sin6_addr = in6addr_loopback;
	to6.in6.sin6_port = to.sin_port;
	if (address)
		inet_pton(domain, address, on ? (void *)&a.in6.sin6_addr : (void *)&a.in.sin_addr);
	if (a_port) {
		bind(fd, &a.any, len);
		getsockname(fd, &free_one.any, &n);
		a.in.sin_port = free_one.in.sin_port;
		close(fd);
		fd = socket(domain, SOCK_DGRAM, 0);
	}
	if (address)
		SAY(bind(fd, &a.any, len));
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	SAY(disconnect(fd));
	port = show(fd, 0);
	if (send_first) {
		SAY(sendto(fd, "x", 1, 0, on ? &to6.any : (void *)&to, len));
		port = show(fd, port);
		SAY(bind(fd, &a.any, len));
		SAY(disconnect(fd));
		show(fd, port);
	}
	SAY(connect(fd, on ? &to6.any : (void *)&to, len));
	if (a_port || !port)
		port = show(fd, port);
	SAY(bind(fd, &a.any, len));
	SAY(disconnect(fd));
	show(fd, port);
	n = sizeof(device);
	SAY(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &n));
	printf("  %u bytes\n", n);
	SAY(bind(fd, &a.any, len));
	show(fd, a_port ? port : 0);
	close(fd);
}

static void keep_bound_datagrams(int domain, const char *self, const char *any)
{
	int i;

	for (i = 0; i < 2; i++) {
		keep_bound_datagram(domain, NULL, false, i);
		keep_bound_datagram(domain, self, false, i);
		keep_bound_datagram(domain, self, true, i);
		keep_bound_datagram(domain, any, false, i);
		keep_bound_datagram(domain, any, true, i);
	}
}

/* In whatever state its connection is: what the other side learns, and what is told here. */
static void states(void)
{
	int fd[2], i;
	char buf[8];

	for (i = 0; i < 6; i++) {
		printf(" state %d\n", i);
		connected(fd);
		SAY(send(fd[0], "abc", 3, 0));
		SAY(send(fd[1], "xyz", 3, 0));
		settle();
		SAY(recv(fd[1], buf, 2, 0));
		if (i == 1 || i == 5)
			SAY(shutdown(fd[0], SHUT_WR));
		if (i >= 2)
			SAY(shutdown(fd[1], SHUT_WR));
		if (i == 3)
			SAY(shutdown(fd[0], SHUT_RD));
		if (i == 4)
			SAY(close(fd[1])); /* with something unread: a reset */
		settle();
		SAY(disconnect(fd[0]));
		settle();
		show(fd[0], 0);
		if (i != 4) {
			show_poll("  other", fd[1], EVENTS, 0);
			SAY(recv(fd[1], buf, 8, 0));
			SAY(recv(fd[1], buf, 8, 0));
			close(fd[1]);
		}
		if (i != 2) {
			SAY(send(fd[0], "x", 1, MSG_NOSIGNAL));
			SAY(recv(fd[0], buf, 8, 0));
		}
		SAY(call(fd[0])); /* if nobody has been told of the reset, too */
		show_poll("  poll", fd[0], EVENTS, 0);
		say("SO_ERROR", pending(fd[0]));
		close(fd[0]);
	}
}

/* Connections that do not come about, since the other side's queue is full. */
static void while_connecting(void)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), fd[6], i;
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof(a);
	char buf[8];

	bind(l, (void *)&a, sizeof(a));
	listen(l, 0);
	getsockname(l, (void *)&a, &n);
	for (i = 0; i < 6; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd[i], (void *)&a, sizeof(a));
		settle();
	}
	for (i = 2; i < 6; i++) {
		show_poll("  connecting", fd[i], EVENTS, 0);
		SAY(connect(fd[i], (void *)&a, sizeof(a)));
		switch (i) {
		case 2:
			SAY(disconnect(fd[i]));
			break;
		case 3:
			SAY(shutdown(fd[i], SHUT_WR));
			say("SO_ERROR", pending(fd[i]));
			break;
		case 4:
			SAY(shutdown(fd[i], SHUT_RD));
			SAY(recv(fd[i], buf, 1, 0));
			break;
		case 5:
			SAY(shutdown(fd[i], SHUT_RDWR));
			SAY(send(fd[i], buf, 1, MSG_NOSIGNAL));
			SAY(send(fd[i], buf, 1, MSG_NOSIGNAL));
			break;
		}
		show(fd[i], 0);
		SAY(shutdown(fd[i], SHUT_WR));
		SAY(disconnect(fd[i]));
		SAY(call(fd[i]));
		show_poll("  and", fd[i], POLLOUT, 5000);
		SAY(call(fd[i]));
		SAY(call(fd[i]));
		show_poll("  connected", fd[i], EVENTS, 0);
	}
	for (i = 0; i < 6; i++)
		close(fd[i]);
	close(l);
}

/* A connection that was refused: connect() tells it once, or that somebody else has been told. */
static void after_refusal(void)
{
	int port, l = listener(&port), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), i;
	struct sockaddr_in a = loopback(port);

	close(l);
	for (i = 0; i < 3; i++) {
		SAY(connect(fd, (void *)&a, sizeof(a)));
		show_poll("  refused", fd, EVENTS, 5000);
		if (i == 1)
			say("SO_ERROR", pending(fd));
		if (i == 2)
			SAY(disconnect(fd));
		else
			SAY(connect(fd, (void *)&a, sizeof(a)));
		show_poll("  told", fd, EVENTS, 0);
	}
	close(fd);
}

/* shutdown() of who is not connected fails, and yet it lasts. */
static void shut_before(int type)
{
	char buf[8];
	int how, fd;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		printf(" type %d, how %d\n", type, how);
		fd = socket(AF_INET, type, 0);
		SAY(shutdown(fd, how));
		show_poll("  shut", fd, EVENTS, 0);
		SAY(recv(fd, buf, 1, MSG_DONTWAIT));
		SAY(sendto(fd, "x", 1, MSG_NOSIGNAL, (void *)&to, sizeof(to)));
		SAY(call(fd));
		show_poll("  connected", fd, EVENTS, 0);
		SAY(send(fd, "x", 1, MSG_NOSIGNAL));
		SAY(disconnect(fd));
		if (type == SOCK_STREAM)
			show_poll("  disconnected", fd, EVENTS, 0);
		close(fd);
	}
}

/* What waits is woken. */
static void *wait_to_accept(void *arg)
{
	SAY(accept(*(int *)arg, NULL, NULL));
	return NULL;
}

static void *wait_to_receive(void *arg)
{
	char buf[8];

	SAY(recv(*(int *)arg, buf, sizeof(buf), 0));
	return NULL;
}

static void wake(void *(*waits)(void *), int fd, int how)
{
	pthread_t t;

	pthread_create(&t, NULL, waits, &fd);
	settle();
	if (how >= 0)
		shutdown(fd, how);
	else
		disconnect(fd);
	pthread_join(t, NULL);
	show_poll("  woken", fd, EVENTS, 0);
	close(fd);
}

static void wake_all(void)
{
	int fd[2], port;

	wake(wait_to_accept, listener(&port), -1);
	wake(wait_to_accept, listener(&port), SHUT_RD);
	wake(wait_to_receive, socket(AF_INET, SOCK_DGRAM, 0), SHUT_RD);
	wake(wait_to_receive, socket(AF_INET, SOCK_DGRAM, 0), SHUT_RDWR);
	connected(fd);
	wake(wait_to_receive, fd[0], SHUT_RD);
	close(fd[1]);
	connected(fd);
	wake(wait_to_receive, fd[0], SHUT_RDWR);
	close(fd[1]);
}

/* What epoll says of the change, once. */
static void edges(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET }, got;
	int fd = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0), i;

	SAY(call(fd));
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	for (i = 0; i < 6; i++) {
		if (i == 2)
			SAY(disconnect(fd));
		if (i == 4)
			SAY(call(fd));
		got.events = 0;
		SAY(epoll_wait(ep, &got, 1, 0));
		printf("  %x\n", got.events);
	}
	close(ep);
	close(fd);
}

static void disconnect_ipv6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int l = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0);
	socklen_t n = sizeof(a);

	bind(l, (void *)&a, sizeof(a));
	listen(l, 8);
	getsockname(l, (void *)&a, &n);
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY(disconnect(fd));
	show(fd, 0);
	SAY(connect(fd, (void *)&a, sizeof(a)));
	show_poll("  connected", fd, EVENTS, 0);
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	a.sin6_port = 0;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	n = sizeof(a);
	getsockname(l, (void *)&a, &n);
	SAY(connect(fd, (void *)&a, sizeof(a)));
	SAY(disconnect(fd));
	show(fd, 0);
	close(fd);
	close(l);
}

static void *take_all(void *arg)
{
	int fd;

	while ((fd = accept(*(int *)arg, NULL, NULL)) >= 0)
		;
	return NULL;
}

void test_disconnect(void)
{
	int port, l = listener(&port), fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t t;

	to = loopback(port);
	pthread_create(&t, NULL, take_all, &l);
	SAY(disconnect(fd));
	SAY(connect(fd, &none, 1));
	show(fd, 0);
	SAY(listen(fd, 1));
	SAY(disconnect(fd));
	SAY(accept(fd, NULL, NULL));
	SAY(call(fd));
	close(fd);
	keep_bound("127.0.0.1", false);
	keep_bound("127.0.0.1", true);
	keep_bound("0.0.0.0", false);
	keep_bound("0.0.0.0", true);
	keep_bound_datagrams(AF_INET, "127.0.0.1", "0.0.0.0");
	keep_bound_datagrams(AF_INET6, "::1", "::");
	states();
	while_connecting();
	after_refusal();
	shut_before(SOCK_STREAM);
	shut_before(SOCK_DGRAM);
	wake_all();
	edges();
	disconnect_ipv6();
	shutdown(l, SHUT_RD);
	pthread_join(t, NULL);
	close(l);
}
