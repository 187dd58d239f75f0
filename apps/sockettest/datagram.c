/* SPDX-License-Identifier: BSD-3-Clause */
/* Datagrams, messages with control data. */
#include "sockettest.h"

static int bound(struct sockaddr_in *a)
{
	socklen_t n = sizeof(*a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	*a = loopback(0);
	if (bind(fd, (void *)a, n) || getsockname(fd, (void *)a, &n))
		perror("bound");
	return fd;
}

void test_datagram(void)
{
	struct sockaddr_in a, b, from = { 0 };
	socklen_t n = sizeof(from);
	static char big[70000];
	int s = bound(&a), c = socket(AF_INET, SOCK_DGRAM, 0), value;
	char buf[16];

	SAY(send(c, "x", 1, 0));
	SAY(sendto(c, "hello", 5, 0, (void *)&a, sizeof(a)));
	SAY(sendto(c, "", 0, 0, (void *)&a, sizeof(a)));
	SAY(sendto(c, "longer than that", 16, 0, (void *)&a, sizeof(a)));
	settle();
	SAY(ioctl(s, FIONREAD, &value));
	printf("  %d\n", value);
	SAY(recvfrom(s, buf, 16, MSG_PEEK, (void *)&from, &n));
	printf("  %u %s\n", n, inet_ntoa(from.sin_addr));
	SAY(recv(s, buf, 16, 0));
	SAY(recv(s, buf, 16, 0));
	SAY(recv(s, buf, 4, MSG_TRUNC));
	SAY(recv(s, buf, 4, MSG_DONTWAIT));
	SAY(sendto(c, big, 65508, 0, (void *)&a, sizeof(a)));
	SAY(sendto(c, big, 65507, 0, (void *)&a, sizeof(a)));
	settle();
	SAY(recv(s, big, sizeof(big), 0));
	SAY(sendto(c, big, 5000, 0, (void *)&a, sizeof(a)));
	settle();
	SAY(recv(s, big, sizeof(big), 0));
	b = a;
	b.sin_port = 0;
	SAY(sendto(c, "x", 1, 0, (void *)&b, sizeof(b)));
	SAY(sendto(c, "x", 1, 0, (void *)&b, 3));
	b.sin_family = 99;
	SAY(sendto(c, "x", 1, 0, (void *)&b, sizeof(b)));
	b = a;
	b.sin_family = AF_UNSPEC;
	SAY(sendto(c, "family", 6, 0, (void *)&b, sizeof(b)));
	SAY(sendto(c, "x", 1, 0, (void *)&b, 8));
	settle();
	SAY(recv(s, buf, 16, MSG_DONTWAIT));
	SAY(connect(c, (void *)&a, sizeof(a)));
	SAY(send(c, "1", 1, MSG_MORE));
	SAY(send(c, "23", 2, 0));
	settle();
	SAY(recv(s, buf, 16, 0));
	SAY(listen(c, 1));
	SAY(accept(c, NULL, NULL));
	SAY(shutdown(s, SHUT_WR));
	SAY(shutdown(c, SHUT_WR));
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
	show_poll("datagram", s, POLLIN | POLLOUT, 0);
	n = 0;
	b.sin_family = AF_UNSPEC;
	SAY(connect(c, (void *)&b, sizeof(b)));
	n = sizeof(b);
	SAY(getpeername(c, (void *)&b, &n));
	SAY(bind(c, (void *)&a, sizeof(a)));
	close(c);
	close(s);
}

void test_messages(void)
{
	union {
		struct cmsghdr h;
		char room[256];
	} control = { 0 };
	struct iovec out[3] = { { "ab", 2 }, { NULL, 0 }, { "cdef", 4 } }, in;
	struct sockaddr_in a, from;
	int s = bound(&a), c = socket(AF_INET, SOCK_DGRAM, 0), one = 1, fd[2];
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = out, .msg_iovlen = 3
	};
	struct mmsghdr mm[3] = { 0 };
	struct cmsghdr *h;
	char buf[16];

	SAY(setsockopt(s, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)));
	SAY(setsockopt(s, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)));
	SAY(sendmsg(c, &m, 0));
	in = (struct iovec){ buf, 4 };
	m = (struct msghdr){ .msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &in,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control) };
	SAY(recvmsg(s, &m, 0));
	printf("  name %u flags %x control %u\n", m.msg_namelen, m.msg_flags,
	       (unsigned)m.msg_controllen);
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		printf("  level %d type %d length %u", h->cmsg_level, h->cmsg_type,
		       (unsigned)h->cmsg_len);
		if (h->cmsg_type == IP_TTL)
			printf(" ttl %d", *(int *)CMSG_DATA(h));
		else
			printf(" to %s", inet_ntoa(((struct in_pktinfo *)CMSG_DATA(h))->ipi_addr));
		putchar('\n');
	}
	sendto(c, "x", 1, 0, (void *)&a, sizeof(a));
	m.msg_controllen = 20;
	SAY(recvmsg(s, &m, 0));
	printf("  flags %x\n", m.msg_flags);
	for (int i = 0; i < 3; i++) {
		sendto(c, "abc", 3, 0, (void *)&a, sizeof(a));
		mm[i].msg_hdr = (struct msghdr){ .msg_iov = &in, .msg_iovlen = 1 };
	}
	settle();
	SAY(recvmmsg(s, mm, 3, MSG_DONTWAIT, NULL));
	printf("  %u %u %u\n", mm[0].msg_len, mm[1].msg_len, mm[2].msg_len);
	SAY(recvmmsg(s, mm, 3, MSG_DONTWAIT, NULL));
	m = (struct msghdr){ .msg_iov = out, .msg_iovlen = 2000 };
	SAY(sendmsg(c, &m, 0));
	close(c);
	close(s);

	connected(fd);
	SAY(writev(fd[0], out, 3));
	SAY(recv(fd[1], buf, 6, MSG_WAITALL));
	printf("  %.6s\n", buf);
	close(fd[0]);
	close(fd[1]);
}
