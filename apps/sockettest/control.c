/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control data: what senders may say beside their bytes, and what receivers learn who have too little room for it.
 */
#include "sockettest.h"
#include <sys/syscall.h>

union room {
	struct cmsghdr h;
	char bytes[256];
};

/* ---- sending ---- */

struct piece {
	const char *what;
	int level, type;
	unsigned len;
	long value;
};

static const struct sockaddr *to;
static socklen_t to_len;

/* A message with this much control data, of which the first piece says it has `len` bytes. */
static long send_raw(int fd, union room *c, size_t room)
{
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_name = (void *)to,
			    .msg_namelen = to_len,
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c,
			    .msg_controllen = room };

	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

static void send_piece(int fd, const struct piece *p, const void *data)
{
	union room c = { 0 };

	c.h.cmsg_level = p->level;
	c.h.cmsg_type = p->type;
	c.h.cmsg_len = CMSG_LEN(p->len);
	memcpy(CMSG_DATA(&c.h), data, p->len);
	say(p->what, send_raw(fd, &c, CMSG_SPACE(p->len)));
}

#define PIECE(level, type, len, value)                                                             \
	{                                                                                          \
#level " " #type ", " #len " bytes, " #value, level, type, len, value              \
	}

/* What all sockets are told alike. */
static const struct piece any[] = {
	PIECE(SOL_SOCKET, SCM_RIGHTS, 4, 0),
	PIECE(SOL_SOCKET, SCM_RIGHTS, 4, 9999),
	PIECE(SOL_SOCKET, SCM_RIGHTS, 3, 0),
	PIECE(SOL_SOCKET, SCM_CREDENTIALS, 4, 0),
	PIECE(SOL_SOCKET, 9999, 4, 0),
	PIECE(SOL_SOCKET, SO_RCVBUF, 4, 0),
	PIECE(9999, 1, 4, 0),
	PIECE(9999, 1, 0, 0),
	PIECE(IPPROTO_TCP, TCP_NODELAY, 4, 1),
	PIECE(IPPROTO_UDP, 9999, 4, 1),
	PIECE(IPPROTO_ICMP, 1, 4, 1),
};

static const struct piece of_ip[] = {
	PIECE(IPPROTO_IP, IP_TTL, 4, 1),
	PIECE(IPPROTO_IP, IP_TTL, 4, 255),
	PIECE(IPPROTO_IP, IP_TTL, 4, 0),
	PIECE(IPPROTO_IP, IP_TTL, 4, -1),
	PIECE(IPPROTO_IP, IP_TTL, 4, 256),
	PIECE(IPPROTO_IP, IP_TTL, 1, 1),
	PIECE(IPPROTO_IP, IP_TTL, 8, 1),
	PIECE(IPPROTO_IP, IP_TOS, 4, 0),
	PIECE(IPPROTO_IP, IP_TOS, 4, 255),
	PIECE(IPPROTO_IP, IP_TOS, 4, 256),
	PIECE(IPPROTO_IP, IP_TOS, 4, -1),
	PIECE(IPPROTO_IP, IP_TOS, 1, 8),
	PIECE(IPPROTO_IP, IP_TOS, 0, 8),
	PIECE(IPPROTO_IP, IP_TOS, 8, 8),
	PIECE(IPPROTO_IP, IP_PKTINFO, 8, 0),
	PIECE(IPPROTO_IP, 9999, 4, 0),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 1),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 0),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 255),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, -1),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, -2),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 256),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 1, 1),
	PIECE(IPPROTO_IPV6, IPV6_HOPLIMIT, 8, 1),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 4, 0),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 4, 255),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 4, -1),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 4, -2),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 4, 256),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 1, 8),
	PIECE(IPPROTO_IPV6, IPV6_TCLASS, 8, 8),
	PIECE(IPPROTO_IPV6, IPV6_PKTINFO, 8, 0),
	PIECE(IPPROTO_IPV6, 9999, 4, 0),
};

static void send_pieces(int fd, const struct piece *p, size_t n)
{
	long value[4] = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		value[0] = p[i].value;
		send_piece(fd, &p[i], value);
	}
}

static void info4(int fd, const char *what, int index, const char *from, unsigned len)
{
	struct {
		struct in_pktinfo i;
		int more;
	} info = { .i = { .ipi_ifindex = index } };

	inet_pton(AF_INET, from, &info.i.ipi_spec_dst);
	send_piece(fd, &(struct piece){ what, IPPROTO_IP, IP_PKTINFO, len, 0 }, &info);
}

static void info6(int fd, const char *what, int index, const char *from, unsigned len)
{
	struct {
		struct in6_pktinfo i;
		int more;
	} info = { .i = { .ipi6_ifindex = (unsigned)index } };

	inet_pton(AF_INET6, from, &info.i.ipi6_addr);
	send_piece(fd, &(struct piece){ what, IPPROTO_IPV6, IPV6_PKTINFO, len, 0 }, &info);
}

static void infos(int fd)
{
	const int lo = (int)if_nametoindex("lo");

	info4(fd, "source 127.0.0.1", 0, "127.0.0.1", 12);
	info4(fd, "source of nobody", 0, "192.0.2.9", 12);
	info4(fd, "interface", lo, "0.0.0.0", 12);
	info4(fd, "no such interface", 9999, "0.0.0.0", 12);
	info4(fd, "negative interface", -1, "0.0.0.0", 12);
	info4(fd, "longer", lo, "0.0.0.0", 16);
	info6(fd, "source ::1", 0, "::1", 20);
	info6(fd, "source ::", 0, "::", 20);
	info6(fd, "source of nobody", 0, "2001:db8::9", 20);
	info6(fd, "mapped source", 0, "::ffff:127.0.0.1", 20);
	info6(fd, "interface", lo, "::1", 20);
	info6(fd, "no such interface", 9999, "::", 20);
	info6(fd, "longer", lo, "::", 24);
}

/* Headers that say more, or less, than there is. */
static void bad_headers(int fd)
{
	static const struct {
		unsigned len, room;
	} t[] = { { 0, 16 },  { 15, 16 }, { 16, 16 }, { 17, 16 },  { 20, 16 }, { 20, 20 },
		  { 20, 24 }, { 20, 25 }, { 20, 39 }, { 20, 40 },  { 20, 41 }, { 4000, 256 },
		  { 24, 15 }, { 24, 1 },  { 24, 0 },  { -1u, 256 } };
	union room c;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&c, 0, sizeof(c));
		c.h.cmsg_level = 9999;
		c.h.cmsg_len = (int)t[i].len < 0 ? (size_t)-1 : t[i].len;
		printf("header %d in %u", (int)t[i].len, t[i].room);
		say("", send_raw(fd, &c, t[i].room));
	}
}

#define ALL(pieces) pieces, sizeof(pieces) / sizeof(pieces[0])

static void send_to(int fd, const void *a, socklen_t len)
{
	to = a;
	to_len = len;
	send_pieces(fd, ALL(any));
	bad_headers(fd);
}

static void send_all(int domain, const void *a, socklen_t len, const char *what)
{
	int fd = socket(domain, SOCK_DGRAM, 0);

	puts(what);
	send_to(fd, a, len);
	send_pieces(fd, ALL(of_ip));
	infos(fd);
	close(fd);
}

static int hears(int domain, union address *a, socklen_t *len)
{
	int fd = socket(domain, SOCK_DGRAM, 0);

	memset(a, 0, sizeof(*a));
	*len = domain == AF_INET ? sizeof(a->in) : sizeof(a->in6);
	a->any.sa_family = (sa_family_t)domain;
	if (domain == AF_INET)
		a->in = loopback(0);
	else
		a->in6.sin6_addr = in6addr_loopback;
	if (bind(fd, &a->any, *len) || getsockname(fd, &a->any, len))
		perror("hears");
	return fd;
}

static void send_datagrams(void)
{
	union address a, mapped = { .in6 = { .sin6_family = AF_INET6 } };
	socklen_t len;
	int fd = hears(AF_INET, &a, &len);

	send_all(AF_INET, &a, len, "to IPv4");
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.in6.sin6_addr);
	mapped.in6.sin6_port = a.in.sin_port;
	send_all(AF_INET6, &mapped, sizeof(mapped.in6), "to IPv4, from a socket of IPv6");
	close(fd);
	fd = hears(AF_INET6, &a, &len);
	send_all(AF_INET6, &a, len, "to IPv6");
	close(fd);
}

static void send_streams(void)
{
	int fd[2];

	puts("to TCP");
	connected(fd);
	send_to(fd[0], NULL, 0);
	send_pieces(fd[0], ALL(of_ip));
	shutdown(fd[0], SHUT_WR);
	puts("shut");
	send_pieces(fd[0], any, 5);
	close(fd[0]);
	close(fd[1]);
	puts("not connected");
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	send_pieces(fd[0], any, 5);
	close(fd[0]);
}

static void send_local(int type)
{
	int fd[2];

	printf("to a local socket of type %d\n", type);
	socketpair(AF_UNIX, type, 0, fd);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	send_pieces(fd[0], any, 6);
	close(fd[0]);
	close(fd[1]);
	socketpair(AF_UNIX, type, 0, fd);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	to_len = 0;
	bad_headers(fd[0]);
	close(fd[0]);
	close(fd[1]);
}

/* ---- receiving ---- */

static void receive(int fd, size_t room, bool null, int flags)
{
	union room c;
	const struct cmsghdr *h;
	char buf[8];
	size_t at;
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = null ? NULL : &c,
			    .msg_controllen = room };

	memset(&c, 0x55, sizeof(c));
	printf("room %u%s", (unsigned)room, null ? " of NULL" : "");
	if (say("", recvmsg(fd, &m, flags | MSG_DONTWAIT)) < 0)
		return;
	printf("  flags %x control %u, behind it %02x\n", m.msg_flags, (unsigned)m.msg_controllen,
	       (unsigned char)c.bytes[m.msg_controllen]);
	if (null)
		return;
	/* By hand: C libraries differ about a header without data at the end. */
	for (at = 0; at + sizeof(*h) <= m.msg_controllen; at += CMSG_ALIGN(h->cmsg_len)) {
		h = (const void *)(c.bytes + at);
		printf("  level %d type %d length %u\n", h->cmsg_level, h->cmsg_type,
		       (unsigned)h->cmsg_len);
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= h->cmsg_len; i++)
				printf("  closed: %d\n", close(((const int *)(h + 1))[i]));
	}
}

static void each_room(int fd, void (*send_one)(int), int from, size_t most)
{
	static const size_t rooms[] = { 0,  1,  8,  15, 16, 17, 19, 20, 21, 23, 24,
					28, 31, 32, 33, 39, 40, 48, 56, 64, 128 };
	size_t i;

	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && rooms[i] <= most; i++) {
		send_one(from);
		receive(fd, rooms[i], false, rooms[i] == 24 ? MSG_PEEK : 0);
		if (rooms[i] == 24)
			receive(fd, rooms[i], false, 0);
	}
	send_one(from);
	receive(fd, 64, true, 0);
	send_one(from);
	receive(fd, 0, true, 0);
}

static void send_x(int fd)
{
	sendto(fd, "x", 1, 0, to, to_len);
	settle();
}

static void receive_datagrams(int domain)
{
	union address a;
	socklen_t len;
	int fd = hears(domain, &a, &len), c = socket(domain, SOCK_DGRAM, 0), one = 1;

	printf("receive with little room, %d\n", domain);
	to = &a.any;
	to_len = len;
	send_x(c);
	receive(fd, 0, true, 0);
	setsockopt(fd, domain == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		   domain == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS, &one, sizeof(one));
	each_room(fd, send_x, c, 24);
	setsockopt(fd, domain == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		   domain == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &one, sizeof(one));
	each_room(fd, send_x, c, 64);
	close(fd);
	close(c);
}

static void send_two(int fd)
{
	struct {
		struct cmsghdr h;
		int fd[2];
	} c = { { .cmsg_len = CMSG_LEN(2 * sizeof(int)),
		  .cmsg_level = SOL_SOCKET,
		  .cmsg_type = SCM_RIGHTS },
		{ 0, 1 } };
	struct iovec v = { "y", 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};

	if (sendmsg(fd, &m, 0) != 1)
		perror("sendmsg");
}

static void receive_local(int type)
{
	int fd[2], one = 1;

	printf("receive with little room, local, type %d\n", type);
	socketpair(AF_UNIX, type, 0, fd);
	to_len = 0;
	each_room(fd[1], send_two, fd[0], 40);
	setsockopt(fd[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	each_room(fd[1], send_x, fd[0], 40);
	each_room(fd[1], send_two, fd[0], 64);
	close(fd[0]);
	close(fd[1]);
}

/* ---- the rest ---- */

static void no_messages(void)
{
	struct mmsghdr m[1] = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), file = open("/", O_RDONLY);

	/* musl does not ask about none. */
	SAY(syscall(SYS_sendmmsg, 9999, m, 0, 0));
	SAY(syscall(SYS_sendmmsg, -1, m, 1, 0));
	SAY(syscall(SYS_sendmmsg, file, m, 0, 0));
	SAY(syscall(SYS_sendmmsg, fd, m, 0, 0));
	SAY(syscall(SYS_sendmmsg, fd, NULL, 1, 0));
	SAY(syscall(SYS_recvmmsg, 9999, m, 0, 0, NULL));
	SAY(syscall(SYS_recvmmsg, file, m, 0, 0, NULL));
	SAY(syscall(SYS_recvmmsg, fd, m, 0, 0, NULL));
	SAY(syscall(SYS_recvmmsg, fd, NULL, 1, MSG_DONTWAIT, NULL));
	close(fd);
	close(file);
}

void test_control(void)
{
	send_datagrams();
	send_streams();
	send_local(SOCK_STREAM);
	send_local(SOCK_DGRAM);
	send_local(SOCK_SEQPACKET);
	receive_datagrams(AF_INET);
	receive_datagrams(AF_INET6);
	receive_local(SOCK_STREAM);
	receive_local(SOCK_DGRAM);
	receive_local(SOCK_SEQPACKET);
	no_messages();
}
