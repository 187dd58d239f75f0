/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of this program. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include "../say.h"

static inline void ready(const char *who, int fd)
{
	struct pollfd f = {
		fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLWRBAND, 0
	};
	int n = poll(&f, 1, 0);

	printf("%s: poll %d: %x\n", who, n, f.revents);
	fflush(stdout);
}

#define READY(fd) ready(__func__, fd)

/* A path, or with '@' in front an abstract name. The length of the address. */
static inline socklen_t name(struct sockaddr_un *a, const char *text)
{
	size_t n = strlen(text);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, text, n);
	if (*text != '@')
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	a->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static inline int bind_to(int fd, const char *text)
{
	struct sockaddr_un a;
	socklen_t n = name(&a, text);

	return bind(fd, (struct sockaddr *)&a, n);
}

static inline int connect_to(int fd, const char *text)
{
	struct sockaddr_un a;
	socklen_t n = name(&a, text);

	return connect(fd, (struct sockaddr *)&a, n);
}

static inline void show_name(const char *who, const struct sockaddr_un *a, socklen_t n)
{
	printf("%s: name of %d bytes:", who, (int)n);
	for (socklen_t i = offsetof(struct sockaddr_un, sun_path); i < n && i < sizeof(*a); i++)
		printf("%c", ((const char *)a)[i] ? ((const char *)a)[i] : '@');
	printf("\n");
	fflush(stdout);
}

static inline void names_of(const char *who, int fd)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		show_name(who, &a, n);
	n = sizeof(a);
	if (getpeername(fd, (struct sockaddr *)&a, &n) == 0)
		show_name(who, &a, n);
	else
		printf("%s: no peer: %s\n", who, say_error(errno));
}

#define NAMES(fd) names_of(__func__, fd)

static inline void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

void stream_cases(void);
void packet_cases(void);
void control_cases(void);
void name_cases(void);

#endif
