/* SPDX-License-Identifier: BSD-3-Clause */
/* What all tests use: printing, and pairs of sockets. */
#include "sockettest.h"

static const char *name_of(int e)
{
	static const struct {
		int e;
		const char *name;
	} names[] = {
#define E(x) { x, #x }
		E(EAGAIN),       E(EBADF),        E(EINVAL),          E(ENOTSOCK),
		E(EACCES),       E(EFAULT),       E(EPIPE),           E(ENOTCONN),
		E(EISCONN),      E(EADDRINUSE),   E(EADDRNOTAVAIL),   E(ECONNREFUSED),
		E(ECONNRESET),   E(EINPROGRESS),  E(EALREADY),        E(EDESTADDRREQ),
		E(EMSGSIZE),     E(EAFNOSUPPORT), E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT),
		E(ENOPROTOOPT),  E(EOPNOTSUPP),   E(ENETUNREACH),     E(ETIMEDOUT),
		E(EDOM),         E(ENODEV),       E(ENOENT),          E(ENOTTY),
		E(EPROTOTYPE),   E(ESPIPE),       E(EINTR),           E(EPERM),
		E(ECONNABORTED),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].e == e)
			return names[i].name;
	return strerror(e);
}

long say(const char *what, long rc)
{
	if (rc < 0)
		printf("%s: %s\n", what, name_of(errno));
	else
		printf("%s: %ld\n", what, rc);
	return rc;
}

struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int listener(int *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (void *)&a, n) || listen(fd, 8) || getsockname(fd, (void *)&a, &n))
		perror("listener");
	*port = ntohs(a.sin_port);
	return fd;
}

void connected(int fd[2])
{
	int port, l = listener(&port);
	struct sockaddr_in a = loopback(port);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd[0], (void *)&a, sizeof(a)))
		perror("connect");
	fd[1] = accept(l, NULL, NULL);
	close(l);
}

void show_poll(const char *what, int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	int n = poll(&p, 1, ms);

	printf("%s: %d%s%s%s%s%s%s\n", what, n, p.revents & POLLIN ? " in" : "",
	       p.revents & POLLOUT ? " out" : "", p.revents & POLLERR ? " err" : "",
	       p.revents & POLLHUP ? " hup" : "", p.revents & POLLRDHUP ? " rdhup" : "",
	       p.revents & POLLPRI ? " pri" : "");
}

int pending(int fd)
{
	int e = 0;
	socklen_t n = sizeof(e);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
	errno = e;
	return e ? -1 : 0;
}

void settle(void)
{
	usleep(30000);
}
