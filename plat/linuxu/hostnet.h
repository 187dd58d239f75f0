/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's calls for sockets and epoll, as hostnet.c uses them. Structures are Linux's, so those of uk/abi
 * serve on both sides. Descriptors are made non-blocking and close-on-exec.
 */
#ifndef LINUXU_HOSTNET_H
#define LINUXU_HOSTNET_H

#include <uk/abi/socket.h>
#include <uk/socket.h>

#include "host.h"

/*
 * publish.c: makes `addr`, to which a program binds the host's socket `fd` of this type, the host's address that was
 * chosen for it; others stay. 0, or -EADDRNOTAVAIL: IPv6 has no such address.
 */
int hostnet_published(int fd, unsigned type, struct uk_abi_sockaddr_storage *addr, uint32_t len);

#define HOST_EPOLLIN    0x0001U
#define HOST_EPOLLPRI   0x0002U
#define HOST_EPOLLOUT   0x0004U
#define HOST_EPOLLERR   0x0008U
#define HOST_EPOLLRDHUP 0x2000U
#define HOST_EPOLLET    (1U << 31)

#define HOST_EPOLL_CTL_ADD 1

struct host_epoll_event {
	uint32_t events;
	uint64_t data;
} HOST_EPOLL_PACKED;

#define HOST_SOCK_FLAGS (UK_SOCK_NONBLOCK | UK_SOCK_CLOEXEC)

static inline int host_epoll_create(void)
{
	return (int)host_syscall3(HOST_NR_epoll_create1, UK_SOCK_CLOEXEC, 0, 0);
}

static inline int host_epoll_ctl(int epfd, int op, int fd, struct host_epoll_event *ev)
{
	return (int)host_syscall4(HOST_NR_epoll_ctl, epfd, op, fd, (long)ev);
}

static inline int host_epoll_pwait(int epfd, struct host_epoll_event *ev, int n, int timeout)
{
	return (int)host_syscall6(HOST_NR_epoll_pwait, epfd, (long)ev, n, timeout, 0, 0);
}

/* `domain` is a constant, and only those that are used get through seccomp. */
static UK_ALWAYS_INLINE int host_socket(int domain, int type, int protocol)
{
	host_note(HOST_NR_socket, 0, (uint32_t)domain);
	return (int)host_call3(HOST_NR_socket, domain, type | HOST_SOCK_FLAGS, protocol);
}

static inline int host_bind(int fd, const void *addr, uint32_t len)
{
	return (int)host_syscall3(HOST_NR_bind, fd, (long)addr, len);
}

static inline int host_listen(int fd, int backlog)
{
	return (int)host_syscall3(HOST_NR_listen, fd, backlog, 0);
}

static inline int host_connect(int fd, const void *addr, uint32_t len)
{
	return (int)host_syscall3(HOST_NR_connect, fd, (long)addr, len);
}

static inline int host_accept(int fd, void *addr, int *len)
{
	return (int)host_syscall4(HOST_NR_accept4, fd, (long)addr, (long)len, HOST_SOCK_FLAGS);
}

static inline ssize_t host_sendto(int fd, const void *p, size_t n, unsigned flags)
{
	return host_syscall6(HOST_NR_sendto, fd, (long)p, (long)n, flags, 0, 0);
}

static inline ssize_t host_recvfrom(int fd, void *p, size_t n, unsigned flags)
{
	return host_syscall6(HOST_NR_recvfrom, fd, (long)p, (long)n, flags, 0, 0);
}

static inline ssize_t host_sendmsg(int fd, const struct uk_abi_msghdr *h, unsigned flags)
{
	return host_syscall3(HOST_NR_sendmsg, fd, (long)h, flags);
}

static inline ssize_t host_recvmsg(int fd, struct uk_abi_msghdr *h, unsigned flags)
{
	return host_syscall3(HOST_NR_recvmsg, fd, (long)h, flags);
}

static inline int host_shutdown(int fd, int how)
{
	return (int)host_syscall3(HOST_NR_shutdown, fd, how, 0);
}

static inline int host_getsockname(int fd, void *addr, int *len)
{
	return (int)host_syscall3(HOST_NR_getsockname, fd, (long)addr, (long)len);
}

static inline int host_getpeername(int fd, void *addr, int *len)
{
	return (int)host_syscall3(HOST_NR_getpeername, fd, (long)addr, (long)len);
}

static inline int host_setsockopt(int fd, int level, int name, const void *val, int len)
{
	return (int)host_syscall6(HOST_NR_setsockopt, fd, level, name, (long)val, len, 0);
}

static inline int host_getsockopt(int fd, int level, int name, void *val, int *len)
{
	return (int)host_syscall6(HOST_NR_getsockopt, fd, level, name, (long)val, (long)len, 0);
}

#endif
