/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is in the multicast groups 239.1.2.3, 239.1.2.9 and ff02::1:23, sends itself a datagram, and says what comes to port 5000:
 * "leave" has it leave the first, "end" ends it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int membership(int s, int what, const char *group)
{
	struct ip_mreq m = { .imr_multiaddr.s_addr = inet_addr(group) };

	return setsockopt(s, IPPROTO_IP, what, &m, sizeof(m));
}

int main(void)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons(5000) };
	struct sockaddr_in here4 = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int s = socket(AF_INET, SOCK_DGRAM, 0), s6 = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
	struct ipv6_mreq m6 = { .ipv6mr_interface = 0 };
	char buf[100];
	ssize_t n;

	inet_pton(AF_INET6, "ff02::1:23", &m6.ipv6mr_multiaddr);
	if (setsockopt(s6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
	    bind(s6, (struct sockaddr *)&here, sizeof(here)) ||
	    setsockopt(s6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6)) ||
	    bind(s, (struct sockaddr *)&here4, sizeof(here4)) ||
	    membership(s, IP_ADD_MEMBERSHIP, "239.1.2.3") ||
	    membership(s, IP_ADD_MEMBERSHIP, "239.1.2.9")) {
		perror("joining");
		return 1;
	}
	here4.sin_addr.s_addr = inet_addr("239.1.2.3");
	if (sendto(s, "self", 4, 0, (struct sockaddr *)&here4, sizeof(here4)) != 4) {
		perror("sending");
		return 1;
	}
	puts("joined");
	fflush(stdout);
	if (recv(s6, buf, sizeof(buf), 0) < 0)
		return 1;
	puts("got one over IPv6");
	fflush(stdout);
	while ((n = recv(s, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = 0;
		printf("got %s\n", buf);
		fflush(stdout);
		if (!strcmp(buf, "end"))
			break;
		if (!strcmp(buf, "leave") && membership(s, IP_DROP_MEMBERSHIP, "239.1.2.3"))
			perror("leaving");
	}
	return 0;
}
