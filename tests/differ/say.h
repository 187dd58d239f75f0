/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transcript: what each call answered, in words that are the same on every system that
 * behaves the same. The tests compare it with Linux's, line by line.
 */
#ifndef SAY_H
#define SAY_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline const char *say_error(int e)
{
	switch (e) {
#define E(x)                                                                                       \
	case x:                                                                                    \
		return #x;
		E(EPERM)
		E(ENOENT)
		E(EINTR)
		E(EBADF) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT) E(EBUSY) E(EEXIST) E(EXDEV) E(
			ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(EMFILE) E(ENOTTY) E(EFBIG)
			E(ENOSPC) E(ESPIPE) E(EROFS) E(EPIPE) E(ENAMETOOLONG) E(ENOSYS) E(ELOOP) E(
				ENOTSOCK) E(EDESTADDRREQ) E(EMSGSIZE) E(EPROTOTYPE) E(ENOPROTOOPT)
				E(EPROTONOSUPPORT) E(ESOCKTNOSUPPORT) E(EOPNOTSUPP) E(EAFNOSUPPORT)
					E(EADDRINUSE) E(EADDRNOTAVAIL) E(ECONNABORTED) E(ECONNRESET)
						E(ENOBUFS) E(EISCONN) E(ENOTCONN) E(ETIMEDOUT)
							E(ECONNREFUSED) E(EALREADY) E(EINPROGRESS)
								E(ECANCELED) E(ETOOMANYREFS)
									E(ENXIO) E(EOVERFLOW)
#undef E
	}
	return "another error";
}

/* Prints `words` with the result of a call: its number, or the name of its error. */
#define SAY(call)                                                                                  \
	({                                                                                         \
		long say_ = (long)(call);                                                          \
		if (say_ < 0)                                                                      \
			printf("%s: %s -> %s\n", __func__, #call, say_error(errno));               \
		else                                                                               \
			printf("%s: %s -> %ld\n", __func__, #call, say_);                          \
		fflush(stdout);                                                                    \
		say_;                                                                              \
	})

/* The same for calls whose result is a descriptor: numbers differ where others are open. */
#define SAY_FD(call)                                                                               \
	({                                                                                         \
		int say_ = (int)(call);                                                            \
		printf("%s: %s -> %s\n", __func__, #call,                                          \
		       say_ < 0 ? say_error(errno) : "a descriptor");                              \
		fflush(stdout);                                                                    \
		say_;                                                                              \
	})

#define TELL(...)                                                                                  \
	do {                                                                                       \
		printf("%s: ", __func__);                                                          \
		printf(__VA_ARGS__);                                                               \
		printf("\n");                                                                      \
		fflush(stdout);                                                                    \
	} while (0)

/* A program's topics, run in order: all of them, or those that its arguments name. */
struct topic {
	const char *name;
	void (*run)(void);
};

static inline int run_topics(const struct topic *topics, unsigned n, int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (unsigned t = 0; t < n; t++) {
		int i = 1;

		while (i < argc && strcmp(argv[i], topics[t].name))
			i++;
		if (argc == 1 || i < argc)
			topics[t].run();
	}
	return 0;
}

/* A thread: sends back what comes on each connection to the listener *arg, one after the other. */
static inline void *echo_server(void *arg)
{
	char buf[64];
	ssize_t n;
	int fd;

	while ((fd = accept(*(int *)arg, NULL, NULL)) >= 0) {
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (write(fd, buf, (size_t)n) != n)
				break;
		close(fd);
	}
	return NULL;
}

#endif
