/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   links            interfaces and their addresses, by getifaddrs(), if_nameindex(), ioctl()
 *   links requests   requests of netlink, right and wrong, and what is answered: the same lines on Linux
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uk/abi/netlink.h>

static int opened(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, UK_NETLINK_ROUTE);
}

/* ---- interfaces ---- */

static const char *text(const struct sockaddr *a)
{
	static char t[INET6_ADDRSTRLEN];
	const void *p = a;

	if (!a)
		return "none";
	if (a->sa_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)p)->sin_addr, t, sizeof(t));
	return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)p)->sin6_addr, t, sizeof(t));
}

/* What ioctl says must be the same. */
static void check(const char *what, int ok)
{
	if (!ok)
		printf("ioctl says otherwise: %s\n", what);
}

static void compare(int fd, const struct ifaddrs *i)
{
	struct ifreq r = { 0 };

	strncpy(r.ifr_name, i->ifa_name, IFNAMSIZ - 1);
	check("flags", !ioctl(fd, SIOCGIFFLAGS, &r) &&
			       (r.ifr_flags & 0xffff) == (int)(i->ifa_flags & 0xffff));
	if (i->ifa_addr->sa_family == AF_PACKET) {
		const struct sockaddr_ll *ll = (const void *)i->ifa_addr;

		check("index", !ioctl(fd, SIOCGIFINDEX, &r) && r.ifr_ifindex == ll->sll_ifindex);
		check("hwaddr", !ioctl(fd, SIOCGIFHWADDR, &r) &&
					!memcmp(r.ifr_hwaddr.sa_data, ll->sll_addr, 6));
		check("type", r.ifr_hwaddr.sa_family == ll->sll_hatype);
	} else if (i->ifa_addr->sa_family == AF_INET) {
		check("addr", !ioctl(fd, SIOCGIFADDR, &r) && !memcmp(&r.ifr_addr, i->ifa_addr, 8));
		check("netmask",
		      !ioctl(fd, SIOCGIFNETMASK, &r) &&
			      !memcmp(r.ifr_netmask.sa_data, i->ifa_netmask->sa_data, 6));
		if (i->ifa_flags & IFF_BROADCAST)
			check("broadcast", !ioctl(fd, SIOCGIFBRDADDR, &r) &&
						   !memcmp(&r.ifr_broadaddr, i->ifa_broadaddr, 8));
	}
}

static int interfaces(void)
{
	struct if_nameindex *names = if_nameindex(), *n;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifaddrs *all, *i;

	if (opened() < 0) {
		printf("no AF_NETLINK: errno %d\n", errno);
		return 1;
	}
	if (!names || getifaddrs(&all)) {
		perror("links");
		return 1;
	}
	for (n = names; n->if_index; n++)
		printf("%u %s\n", n->if_index, n->if_name);
	if_freenameindex(names);
	for (i = all; i; i = i->ifa_next) {
		compare(fd, i);
		if (i->ifa_addr->sa_family == AF_PACKET) {
			const struct sockaddr_ll *ll = (const void *)i->ifa_addr;

			printf("%s link %u flags %x bytes %u\n", i->ifa_name, ll->sll_ifindex,
			       i->ifa_flags, ll->sll_halen);
			continue;
		}
		printf("%s address %s", i->ifa_name, text(i->ifa_addr));
		printf(" mask %s", text(i->ifa_netmask));
		printf(" broadcast %s\n", text(i->ifa_broadaddr));
	}
	freeifaddrs(all);
	return 0;
}

/* ---- requests ---- */

static long say(const char *what, long rc)
{
	printf("%s: %ld%s%d\n", what, rc, rc < 0 ? " errno " : " ", rc < 0 ? errno : 0);
	return rc;
}
#define SAY(call) say(#call, (long)(call))

/* A request with `n` bytes behind its header, whose first says which family. */
struct request {
	struct uk_abi_nlmsghdr h;
	char body[112];
};

static struct request make(int type, int flags, size_t n)
{
	struct request r = { .h = { .nlmsg_len = (unsigned)(sizeof(struct uk_abi_nlmsghdr) + n),
				    .nlmsg_type = (unsigned short)type,
				    .nlmsg_flags = (unsigned short)flags,
				    .nlmsg_seq = 77 } };
	return r;
}

/*
 * One datagram's messages: types, flags, and what errors say; of a list only how it ends. Kernels differ in whether the
 * length of an error is a multiple of 4.
 */
static void show(const char *p, ssize_t n)
{
	int over;

	while (n >= (ssize_t)sizeof(struct uk_abi_nlmsghdr)) {
		const struct uk_abi_nlmsghdr *h = (const void *)p;
		const struct uk_abi_nlmsgerr *e = (const void *)(h + 1);

		over = !(h->nlmsg_flags & UK_NLM_F_MULTI) || h->nlmsg_type == UK_NLMSG_DONE;
		if (over)
			printf("  type %u flags %x seq %u len %u", h->nlmsg_type, h->nlmsg_flags,
			       h->nlmsg_seq,
			       h->nlmsg_type == UK_RTM_NEWLINK ? 0 : UK_NLMSG_ALIGN(h->nlmsg_len));
		if (h->nlmsg_type == UK_NLMSG_ERROR)
			printf(" error %d of type %u len %u", e->error, e->msg.nlmsg_type,
			       e->msg.nlmsg_len);
		if (over)
			puts("");
		p += UK_NLMSG_ALIGN(h->nlmsg_len);
		n -= UK_NLMSG_ALIGN(h->nlmsg_len);
	}
}

/* Sends it, on a socket of its own, and shows all that is answered. */
static void ask(const char *what, const void *p, size_t n)
{
	static char got[65536];
	int fd = opened();
	ssize_t len;

	printf("%s: send %zd\n", what, send(fd, p, n, 0));
	while ((len = recv(fd, got, sizeof(got), MSG_DONTWAIT)) >= 0)
		show(got, len);
	printf("  then errno %d\n", errno);
	close(fd);
}

#define NOOP 1 /* of netlink itself */
#define DUMP (UK_NLM_F_REQUEST | UK_NLM_F_DUMP)

static void right_ones(void)
{
	struct request r = make(UK_RTM_GETLINK, DUMP, 16);

	ask("links", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, DUMP, 4);
	r.h.nlmsg_len = 17;
	ask("links, one byte", &r, 20);
	r = make(UK_RTM_GETADDR, DUMP, 8);
	ask("addresses", &r, r.h.nlmsg_len);
	r.body[0] = AF_INET;
	ask("addresses of IPv4", &r, r.h.nlmsg_len);
	r.h.nlmsg_flags |= UK_NLM_F_ACK;
	ask("with an answer", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST | UK_NLM_F_ACK, 16);
	r.body[4] = 1;
	ask("link 1", &r, r.h.nlmsg_len);
	r.body[4] = 99;
	ask("link 99", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST, 16 + 8);
	memcpy(r.body + 16, "\x07\0\x03\0lo", 7);
	ask("link lo", &r, r.h.nlmsg_len);
	r.body[20] = 'x';
	ask("link xo", &r, r.h.nlmsg_len);
	r = make(NOOP, UK_NLM_F_REQUEST | UK_NLM_F_ACK, 0);
	ask("nothing", &r, r.h.nlmsg_len);
}

static void wrong_ones(void)
{
	struct request r = make(UK_RTM_GETLINK, DUMP, 16), two[2];
	char many[16 * 64];
	int i;

	ask("less than a header", &r, 15);
	r.h.nlmsg_len = 15;
	ask("length below the header's", &r, sizeof(r));
	r.h.nlmsg_len = sizeof(r) + 1;
	ask("length above the datagram's", &r, sizeof(r));
	r.h.nlmsg_len = 0xffffffff;
	ask("the greatest length", &r, sizeof(r));
	r = make(UK_RTM_GETLINK, DUMP | UK_NLM_F_ACK, 0);
	ask("no family", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_DUMP, 16);
	ask("no request", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST, 15);
	ask("a short one", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST, 16);
	ask("no link", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST, 16 + 8);
	memcpy(r.body + 16, "\xff\xff\x03\0lo", 7);
	ask("an attribute that is too long", &r, r.h.nlmsg_len);
	memcpy(r.body + 16, "\0\0\x03\0lo", 7);
	ask("an attribute of no length", &r, r.h.nlmsg_len);
	r = make(UK_RTM_GETADDR, UK_NLM_F_REQUEST, 8);
	ask("one address", &r, r.h.nlmsg_len);
	r = make(124, UK_NLM_F_REQUEST, 16);
	ask("a type that nobody knows", &r, r.h.nlmsg_len);
	r.h.nlmsg_type = 0xffff;
	ask("the greatest type", &r, r.h.nlmsg_len);
	two[0] = make(124, UK_NLM_F_REQUEST, 112);
	two[1] = make(UK_RTM_GETLINK, DUMP, 16);
	ask("a wrong one and a list", two, sizeof(two));
	two[0] = two[1];
	two[0].h.nlmsg_len = sizeof(two[0].h) + 112;
	ask("a list and another", two, sizeof(two));
	r = make(124, UK_NLM_F_REQUEST, 3);
	ask("an odd length", &r, sizeof(r));
	for (i = 0; i < 64; i++)
		memcpy(many + 16 * i,
		       &(struct uk_abi_nlmsghdr){ 16, NOOP, UK_NLM_F_REQUEST | UK_NLM_F_ACK, 5, 0 },
		       16);
	ask("many", many, sizeof(many));
}

static void sockets(void)
{
	struct uk_abi_sockaddr_nl a = { .nl_family = AF_NETLINK },
				  b = { .nl_family = AF_NETLINK, .nl_pid = 4711 };
	struct request r = make(UK_RTM_GETLINK, UK_NLM_F_REQUEST, 16);
	int fd = opened(), other = opened(), value = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	char got[4096], room[16];
	socklen_t n = sizeof(a);

	SAY(socket(AF_NETLINK, SOCK_STREAM, 0));
	SAY(socket(AF_NETLINK, SOCK_RAW, -1));
	SAY(socket(AF_NETLINK, SOCK_RAW, 32));
	SAY(recv(fd, got, sizeof(got), MSG_DONTWAIT));
	SAY(poll(&p, 1, 0));
	SAY(p.revents);
	SAY(bind(fd, (void *)&a, 11));
	a.nl_family = AF_INET;
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(sendto(fd, &r, r.h.nlmsg_len, 0, (void *)&a, sizeof(a)));
	a.nl_family = AF_NETLINK;
	SAY(sendto(fd, &r, r.h.nlmsg_len, 0, (void *)&a, 11));
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(getsockname(fd, (void *)&a, &n));
	printf("own %d length %u\n", a.nl_pid == (unsigned)getpid(), n);
	SAY(bind(fd, (void *)&b, sizeof(b)));
	SAY(bind(other, (void *)&a, sizeof(a)));
	SAY(bind(other, (void *)&b, sizeof(b)));
	SAY(bind(other, (void *)&b, sizeof(b)));
	SAY(getsockname(other, (void *)&a, &n));
	printf("number %u\n", a.nl_pid);
	close(other);
	other = opened();
	SAY(bind(other, (void *)&b, sizeof(b)));
	close(other);
	SAY(getpeername(fd, (void *)&a, &n));
	printf("peer %u\n", a.nl_pid);
	SAY(listen(fd, 1));
	SAY(send(fd, "", 0, 0));
	SAY(send(fd, "x", 1, MSG_OOB));

	r.body[4] = 1;
	SAY(sendto(fd, &r, r.h.nlmsg_len, 0,
		   (void *)&(struct uk_abi_sockaddr_nl){ AF_NETLINK, 0, 0, 0 }, sizeof(a)));
	SAY(poll(&p, 1, 0));
	SAY(p.revents);
	SAY(recv(fd, got, sizeof(got), MSG_PEEK) > 32);
	SAY(recv(fd, room, sizeof(room), MSG_PEEK));
	SAY(recv(fd, room, sizeof(room), MSG_PEEK | MSG_TRUNC) > 32);
	struct iovec iov = { room, sizeof(room) };
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1
	};
	SAY(recvmsg(fd, &m, 0));
	printf("cut %d from %u length %u own %d\n", !!(m.msg_flags & MSG_TRUNC), a.nl_pid,
	       m.msg_namelen, ((struct uk_abi_nlmsghdr *)room)->nlmsg_pid == (unsigned)getpid());
	SAY(recv(fd, got, sizeof(got), MSG_DONTWAIT));
	SAY(poll(&p, 1, 0));
	SAY(write(fd, &r, r.h.nlmsg_len));
	SAY(read(fd, got, sizeof(got)) > 32);
	SAY(connect(fd, (void *)&(struct uk_abi_sockaddr_nl){ AF_NETLINK, 0, 0, 0 }, sizeof(a)));
	SAY(send(fd, &r, r.h.nlmsg_len, 0));
	SAY(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)));
	n = sizeof(value);
	SAY(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &n));
	printf("at least %d\n", value);
	SAY(send(fd, memset(malloc(9000), 0, 9000), 9000, 0));
	SAY(send(fd, (void *)16, 32, 0));
	close(fd);
}

/* Refused, all of it: Linux does so for those who may not. */
static void changes(void)
{
	static const int types[] = { UK_RTM_NEWLINK, UK_RTM_NEWLINK + 1, UK_RTM_NEWLINK + 3,
				     UK_RTM_NEWADDR, UK_RTM_NEWADDR + 1, 24 /* a route */ };
	struct uk_abi_sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = 1234567 };
	struct request r;
	unsigned i;
	int fd = opened();

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		r = make(types[i], UK_NLM_F_REQUEST | UK_NLM_F_ACK, 16);
		r.body[4] = 1;
		ask("a change", &r, r.h.nlmsg_len);
	}
	SAY(sendto(fd, &r, r.h.nlmsg_len, 0, (void *)&a, sizeof(a)));
	SAY(connect(fd, (void *)&a, sizeof(a)));
	close(fd);
}

/* Ten thousand errors that nobody receives: the first are there, the rest were dropped, which is told once. */
static void answers_are_bounded(void)
{
	static struct request r[500];
	static char got[65536];
	unsigned i, answers = 0;
	int fd = opened();

	for (i = 0; i < 500; i++)
		r[i] = make(124, UK_NLM_F_REQUEST, 112);
	for (i = 0; i < 20; i++)
		if (send(fd, r, sizeof(r), 0) != sizeof(r))
			perror("send");
	SAY(recv(fd, got, sizeof(got), MSG_DONTWAIT));
	while (recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0)
		answers++;
	printf("bounded %d\n", answers > 100 && answers < 5000);
	SAY(send(fd, &(struct request){ { 20, UK_RTM_GETLINK, DUMP, 1, 0 }, "" }, 20, 0));
	SAY(recv(fd, got, sizeof(got), 0) > 0);
	close(fd);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return interfaces();
	right_ones();
	wrong_ones();
	sockets();
	changes();
	answers_are_bounded();
	puts("end");
	return 0;
}
