/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that the system chooses: who knows one cannot count on to the next. */
#include "sockettest.h"

#define CALLS 6

static int port_of(int fd)
{
	union address a;
	socklen_t n = sizeof(a);

	getsockname(fd, &a.any, &n);
	return ntohs(a.in.sin_port);
}

/* Always as many numbers to the next one. */
static bool in_sequence(const int *port)
{
	for (int i = 2; i < CALLS; i++)
		if (port[i] - port[i - 1] != port[1] - port[0])
			return false;
	return true;
}

static void show_ports(const char *of, const int *port)
{
	printf("%s: %s\n", of, in_sequence(port) ? "in sequence" : "not in sequence");
}

static void connections(int domain, int type)
{
	int port[CALLS], fd[CALLS], to[CALLS];

	for (int i = 0; i < CALLS; i++) {
		union address a = { .any.sa_family = (sa_family_t)domain };
		socklen_t n = domain == AF_INET ? sizeof(a.in) : sizeof(a.in6);

		to[i] = socket(domain, type, 0);
		fd[i] = socket(domain, type, 0);
		if (domain == AF_INET)
			a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		else
			a.in6.sin6_addr = in6addr_loopback;
		if (bind(to[i], &a.any, n) || (type == SOCK_STREAM && listen(to[i], 1)) ||
		    getsockname(to[i], &a.any, &n) || connect(fd[i], &a.any, n))
			perror("connect");
		port[i] = port_of(fd[i]);
	}
	show_ports(type == SOCK_STREAM ? "connections" : "datagrams", port);
	for (int i = 0; i < CALLS; i++) {
		port[i] = port_of(to[i]);
		close(fd[i]);
		close(to[i]);
	}
	show_ports("bound to 0", port);
}

void test_ports(void)
{
	puts("ports");
	connections(AF_INET, SOCK_STREAM);
	connections(AF_INET6, SOCK_STREAM);
	connections(AF_INET, SOCK_DGRAM);
	connections(AF_INET6, SOCK_DGRAM);
}
