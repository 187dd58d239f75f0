/* SPDX-License-Identifier: BSD-3-Clause */
/* Options, what poll says, IPv6. */
#include "sockettest.h"

static void show(const char *what, int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);
	int rc = getsockopt(fd, level, name, &value, &n);

	say(what, rc);
	if (!rc)
		printf("  %d, %u bytes\n", value, n);
}
#define SHOW(fd, level, name) show("get " #name, fd, level, name)

static void set(const char *what, int fd, int level, int name, int value)
{
	say(what, setsockopt(fd, level, name, &value, sizeof(value)));
}
#define SET(fd, level, name, value)                                                                \
	set("set " #name " " #value, fd, level, name, value), SHOW(fd, level, name)

static void tcp_options(int fd)
{
	SHOW(fd, IPPROTO_TCP, TCP_NODELAY);
	SET(fd, IPPROTO_TCP, TCP_NODELAY, 5);
	SET(fd, IPPROTO_TCP, TCP_CORK, 1);
	SET(fd, IPPROTO_TCP, TCP_CORK, 0);
	SET(fd, IPPROTO_TCP, TCP_KEEPIDLE, 100);
	SET(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0);
	SET(fd, IPPROTO_TCP, TCP_KEEPINTVL, 20);
	SET(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	SET(fd, IPPROTO_TCP, TCP_KEEPCNT, 200);
	SHOW(fd, IPPROTO_TCP, TCP_MAXSEG);
	SET(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
	SET(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	SET(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	SET(fd, SOL_SOCKET, SO_OOBINLINE, 0);
	SET(fd, IPPROTO_TCP, 9999, 1);
	SET(fd, 9999, 1, 1);
}

static void socket_options(int fd)
{
	struct linger l = { 1, 7 }, got;
	struct timeval tv = { 1, 500000 };
	socklen_t n = sizeof(got);

	SHOW(fd, SOL_SOCKET, SO_TYPE);
	SHOW(fd, SOL_SOCKET, SO_DOMAIN);
	SHOW(fd, SOL_SOCKET, SO_PROTOCOL);
	SHOW(fd, SOL_SOCKET, SO_ACCEPTCONN);
	SHOW(fd, SOL_SOCKET, SO_ERROR);
	SET(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	SET(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	SET(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	SET(fd, SOL_SOCKET, SO_BROADCAST, 1);
	SET(fd, SOL_SOCKET, SO_RCVBUF, 20000);
	SET(fd, SOL_SOCKET, SO_SNDBUF, 20000);
	SET(fd, SOL_SOCKET, SO_RCVBUF, 0);
	SET(fd, SOL_SOCKET, SO_SNDBUF, 0);
	SHOW(fd, SOL_SOCKET, SO_RCVLOWAT);
	SET(fd, SOL_SOCKET, SO_TYPE, 1);
	SET(fd, SOL_SOCKET, SO_SNDLOWAT, 1);
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4));
	SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &n));
	printf("  %d %d\n", got.l_onoff, got.l_linger);
	SAY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	n = sizeof(tv);
	SAY(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &n));
	printf("  %ld %ld\n", (long)tv.tv_sec, (long)tv.tv_usec);
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &l, 2));
	SAY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 4));
	SET(fd, SOL_SOCKET, 9999, 1);
	SET(fd, IPPROTO_IP, IP_TTL, 33);
	SET(fd, IPPROTO_IP, IP_TTL, 0);
	SET(fd, IPPROTO_IP, IP_TOS, 16);
	SET(fd, IPPROTO_IP, IP_TOS, -1);
	SET(fd, IPPROTO_IP, 9999, 1);
}

static void congestion(int fd, const char *name)
{
	char got[16] = "";
	socklen_t n = sizeof(got);

	printf("congestion control %s\n", name);
	SAY(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)));
	if (!strcmp(name, "reno")) {
		SAY(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, got, &n));
		printf("  %s\n", got);
	}
}

static void info(const char *what, int fd)
{
	struct tcp_info i = { 0 };
	socklen_t n = 104; /* as long as it was in Linux 2.6 */

	printf("TCP_INFO %s\n", what);
	SAY(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n));
	printf("  %u bytes, state %u, %u again, %u unacked\n", n, i.tcpi_state,
	       i.tcpi_total_retrans, i.tcpi_unacked);
}

/* What programs that measure networks ask for. */
void test_measuring(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), port, l, pair[2];

	SET(fd, IPPROTO_TCP, TCP_MAXSEG, 1000);
	SET(fd, IPPROTO_TCP, TCP_MAXSEG, 10);
	SET(fd, IPPROTO_IP, IP_TOS, 0xb8);
	SET(fd, IPPROTO_IP, IP_TOS, 0xbb);
	congestion(fd, "reno");
	congestion(fd, "no such one");
	congestion(fd, "");
	info("new", fd);
	close(fd);
	l = listener(&port);
	info("listening", l);
	close(l);
	connected(pair);
	info("connected", pair[0]);
	congestion(pair[0], "reno");
	close(pair[1]);
	recv(pair[0], &port, 1, 0);
	info("closed by the other side", pair[0]);
	close(pair[0]);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	SET(fd, IPPROTO_IPV6, IPV6_TCLASS, 0xb8);
	SET(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x100);
	SET(fd, IPPROTO_IPV6, IPV6_TCLASS, -1);
	SHOW(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
	SET(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0);
	SET(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1);
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	SET(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	SET(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	SET(fd, IPPROTO_IP, IP_MTU_DISCOVER, 99);
	SET(fd, IPPROTO_IP, IP_TOS, 0xbb);
	close(fd);
}

/* Of a socket of no family that knows them, too: the C library asks there. */
static void interfaces(int fd)
{
	char name[IF_NAMESIZE] = "";

	SAY(if_nametoindex("lo"));
	SAY(if_nametoindex("no such one"));
	SAY(if_indextoname(1, name) ? 0 : -1);
	printf("  %s\n", name);
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
}

/* SO_BINDTODEVICE: before there is anything else, and what a listener's connections have of it. */
static void show_device(const char *what, int fd, size_t room)
{
	char name[32] = "";
	socklen_t n = (socklen_t)room;

	say(what, getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &n));
	printf("  %s, %u bytes\n", name, n);
}

static void device(int type)
{
	int fd = socket(AF_INET, type, 0), l, port, s;
	struct sockaddr_in a;

	printf("device of type %d\n", type);
	show_device("none", fd, 16);
	show_device("none", fd, 0);
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	show_device("lo", fd, 16);
	show_device("lo", fd, 15);
	show_device("lo", fd, 32);
	l = listener(&port);
	a = loopback(port);
	SAY(setsockopt(l, SOL_SOCKET, SO_BINDTODEVICE, "lo", 16));
	SAY(connect(fd, (void *)&a, sizeof(a)));
	show_device("connected", fd, 16);
	if (type == SOCK_STREAM) {
		s = accept(l, NULL, NULL);
		show_device("accepted", s, 16);
		close(s);
	}
	SAY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	show_device("no more", fd, 16);
	close(fd);
	close(l);
}

/* What is remembered of it; datagrams and local sockets do nothing else with it. */
static void show_linger(int domain, int type)
{
	struct linger l = { 5, 7 }, got;
	socklen_t n = sizeof(got);
	int fd = socket(domain, type, 0);

	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 0, 5 }, sizeof(l)));
	SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &n));
	printf("  %d %d, %u bytes\n", got.l_onoff, got.l_linger, n);
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4));
	SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &n));
	printf("  %d %d, %u bytes\n", got.l_onoff, got.l_linger, n);
	l = (struct linger){ 0, 9 };
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &n));
	printf("  %d %d, %u bytes\n", got.l_onoff, got.l_linger, n);
	close(fd);
}

/* What accept() gives has options of who listened. */
static void inherited4(void)
{
	struct linger l = { 1, 100000 };
	int port, fd = listener(&port), c = socket(AF_INET, SOCK_STREAM, 0), s;
	struct sockaddr_in a = loopback(port);
	socklen_t n = sizeof(l);

	SET(fd, IPPROTO_IP, IP_TTL, 33);
	SET(fd, IPPROTO_IP, IP_TOS, 0x28);
	SET(fd, SOL_SOCKET, SO_BROADCAST, 1);
	SET(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	SET(fd, IPPROTO_TCP, TCP_CORK, 1);
	SET(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	SET(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
	SAY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(send(c, "x", 1, 0));
	s = accept(fd, NULL, NULL);
	SHOW(s, IPPROTO_IP, IP_TTL);
	SHOW(s, IPPROTO_IP, IP_TOS);
	SHOW(s, SOL_SOCKET, SO_BROADCAST);
	SHOW(s, SOL_SOCKET, SO_OOBINLINE);
	SHOW(s, IPPROTO_TCP, TCP_CORK);
	SHOW(s, IPPROTO_TCP, TCP_DEFER_ACCEPT);
	SHOW(s, IPPROTO_TCP, TCP_KEEPIDLE);
	l = (struct linger){ 0 };
	SAY(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
	printf("  %d %d\n", l.l_onoff, l.l_linger);
	close(s);
	close(c);
	close(fd);
}

static void inherited6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET6, SOCK_STREAM, 0), s;
	socklen_t n = sizeof(a);

	SET(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44);
	SET(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x28);
	bind(fd, (void *)&a, sizeof(a));
	listen(fd, 1);
	getsockname(fd, (void *)&a, &n);
	SAY(connect(c, (void *)&a, sizeof(a)));
	s = accept(fd, NULL, NULL);
	SHOW(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
	SHOW(s, IPPROTO_IPV6, IPV6_TCLASS);
	close(s);
	close(c);
	close(fd);
}

static void multicast6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	SHOW(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS);
	SHOW(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP);
	SET(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 9);
	SET(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	SET(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 2);
	close(fd);
}

void test_options(void)
{
	struct timeval tv = { 0, 50000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), pair[2];
	char buf[4];

	puts("stream");
	socket_options(fd);
	tcp_options(fd);
	close(fd);
	puts("datagram");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	SAY(fcntl(fd, F_SETFL, O_DIRECT));
	SAY(fcntl(fd, F_GETFL));
	socket_options(fd);
	SET(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	SHOW(fd, IPPROTO_IP, IP_MULTICAST_TTL);
	SHOW(fd, IPPROTO_IP, IP_MULTICAST_LOOP);
	SET(fd, IPPROTO_IP, IP_MULTICAST_TTL, 4);
	SET(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	interfaces(fd);
	close(fd);
	device(SOCK_STREAM);
	device(SOCK_DGRAM);
	multicast6();
	show_linger(AF_UNIX, SOCK_STREAM);
	show_linger(AF_INET, SOCK_DGRAM);
	show_linger(AF_INET, SOCK_STREAM);
	inherited4();
	inherited6();
	connected(pair);
	SAY(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SAY(recv(pair[0], buf, 4, 0));
	close(pair[0]);
	close(pair[1]);
}

/* A local socket whose buffer is full, while either end is shut step by step. */
static void poll_unix(int type)
{
	static const char *const ends[] = { "mine", "theirs" };
	static const int how[] = { SHUT_RD, SHUT_WR };
	const int all = POLLIN | POLLOUT | POLLRDHUP;
	int pair[2], i, end;
	char buf[1000] = "";

	for (i = 0; i < 4; i++) {
		end = i & 1;
		printf("local socket, type %d, shut %d of %s first\n", type, how[i >> 1],
		       ends[end]);
		socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair);
		show_poll("new", pair[0], all, 0);
		while (send(pair[0], buf, sizeof(buf), 0) > 0)
			;
		show_poll("full", pair[0], all, 0);
		shutdown(pair[end], how[i >> 1]);
		show_poll("full, shut", pair[0], all, 0);
		show_poll("the other", pair[1], all, 0);
		shutdown(pair[end], how[!(i >> 1)]);
		show_poll("full, both shut", pair[0], all, 0);
		show_poll("the other", pair[1], all, 0);
		while (recv(pair[1], buf, sizeof(buf), 0) > 0)
			;
		show_poll("read", pair[0], all, 0);
		show_poll("the other", pair[1], all, 0);
		close(pair[1]);
		show_poll("closed", pair[0], all, 0);
		close(pair[0]);
	}
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair);
	while (send(pair[0], buf, sizeof(buf), 0) > 0)
		;
	close(pair[1]);
	show_poll("full, closed", pair[0], all, 0);
	close(pair[0]);
}

void test_poll(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), port, l, pair[2];
	char buf[8];

	show_poll("new stream", fd, POLLIN | POLLOUT | POLLRDHUP, 0);
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	show_poll("new datagram", fd, POLLIN | POLLOUT | POLLRDHUP, 0);
	close(fd);
	l = listener(&port);
	show_poll("listening", l, POLLIN | POLLOUT | POLLRDHUP, 0);
	close(l);
	connected(pair);
	show_poll("connected", pair[0], POLLIN | POLLOUT | POLLRDHUP, 0);
	send(pair[1], "x", 1, 0);
	show_poll("a byte", pair[0], POLLIN | POLLRDHUP, 1000);
	recv(pair[0], buf, 8, 0);
	show_poll("read", pair[0], POLLIN | POLLRDHUP, 0);
	close(pair[1]);
	show_poll("closed", pair[0], POLLIN | POLLRDHUP, 1000);
	show_poll("closed", pair[0], POLLIN | POLLOUT | POLLRDHUP, 1000);
	close(pair[0]);
	poll_unix(SOCK_STREAM);
	poll_unix(SOCK_SEQPACKET);
	poll_unix(SOCK_DGRAM);
}

/* Sockets of IPv6 with an address of IPv4, and of no family. */
static void other_family(struct sockaddr_in a4)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { .in = a4 };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	SAY(bind(fd, (void *)&a, sizeof(a.in)));
	SAY(bind(fd, (void *)&a, sizeof(a.in6)));
	SAY(connect(fd, (void *)&a, sizeof(a.in)));
	SAY(connect(fd, (void *)&a, sizeof(a.in6)));
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	SAY(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a.in)));
	a.in6.sin6_family = AF_UNSPEC;
	SAY(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a.in6)));
	close(fd);
}

void test_ipv6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT }, peer;
	struct sockaddr_in a4;
	socklen_t n = sizeof(a);
	int l = socket(AF_INET6, SOCK_STREAM, 0), c, s;
	char text[64];

	SHOW(l, IPPROTO_IPV6, IPV6_V6ONLY);
	SAY(bind(l, (void *)&a, sizeof(a)));
	SAY(listen(l, 4));
	SAY(getsockname(l, (void *)&a, &n));
	printf("  %u %s\n", n, inet_ntop(AF_INET6, &a.sin6_addr, text, sizeof(text)));
	a4 = loopback(ntohs(a.sin6_port));
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(c, (void *)&a4, sizeof(a4)));
	n = sizeof(peer);
	s = accept(l, (void *)&peer, &n);
	printf("accept: %u %s\n", n, inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)));
	n = sizeof(peer);
	SAY(getsockname(s, (void *)&peer, &n));
	printf("  %s\n", inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)));
	close(c);
	close(s);
	a.sin6_addr = in6addr_loopback;
	c = socket(AF_INET6, SOCK_STREAM, 0);
	SAY(connect(c, (void *)&a, sizeof(a)));
	n = sizeof(peer);
	s = accept(l, (void *)&peer, &n);
	printf("accept: %u %s\n", n, inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)));
	SAY(send(c, "six", 3, 0));
	SAY(recv(s, text, 3, 0));
	close(c);
	close(s);
	close(l);
	other_family(a4);
}
