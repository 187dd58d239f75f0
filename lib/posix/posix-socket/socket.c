/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets from their creation to their end: which family makes one, its file, connections.
 */
#include <uk/time.h>
#include "internal.h"

UK_TABLE_DECLARE(const struct uk_socket_family, sockfamily);

struct uk_file *uk_socket_file(struct uk_socket *s, const struct uk_socket_ops *ops)
{
	s->file = uk_file_new(&ops->file, UK_O_RDWR, s);
	if (s->file)
		s->file->events = &s->events;
	return s->file;
}

void uk_socket_stat(struct uk_file *f, struct uk_abi_stat *st)
{
	st->st_mode = UK_S_IFSOCK | 0777;
	st->st_ino = (uintptr_t)f->priv >> 4; /* one that no other open socket has */
}

uk_nsec uk_socket_deadline_slow(uk_nsec timeo)
{
	return uk_deadline(timeo);
}

int uk_socket_wait(struct uk_socket *s, uint32_t bits, uk_nsec deadline)
{
	int rc;

	if (!deadline)
		return -EAGAIN;
	rc = uk_event_wait(&s->events, bits, deadline);
	return rc == -ETIMEDOUT ? -EAGAIN : rc;
}

/* ---- creation ---- */

#define TYPE_LIMIT 11 /* Linux knows no type from here on */

static int check_type(int domain, int type)
{
	if (type & ~(UK_SOCK_MASK | UK_SOCK_NONBLOCK | UK_SOCK_CLOEXEC))
		return -EINVAL;
	if (domain < 0 || domain >= UK_AF_MAX)
		return -EAFNOSUPPORT;
	return (type & UK_SOCK_MASK) >= TYPE_LIMIT ? -EINVAL : 0;
}

/* A descriptor for a socket that was just made; takes over the reference whatever happens. */
static int install(struct uk_file *f, int flags)
{
	int fd = uk_fd_add(files(), f, 0, (unsigned)flags & UK_SOCK_CLOEXEC);

	if (fd < 0)
		uk_file_put(f);
	return fd;
}

static int create(int domain, int type, int protocol, struct uk_file **f)
{
	const struct uk_socket_family *family;
	int rc = -EAFNOSUPPORT;

	uk_table_for_each(family, sockfamily) {
		if (family->domain != domain)
			continue;
		rc = family->create(domain, type & UK_SOCK_MASK, protocol, f);
		if (rc != -EAFNOSUPPORT)
			break;
	}
	if (!rc)
		(*f)->flags |= (unsigned)type & UK_SOCK_NONBLOCK;
	return rc;
}

int uk_socket_ioctl(unsigned cmd, uintptr_t arg)
{
	struct uk_file *f;
	int rc;

	if ((cmd & ~0xffU) != UK_SIOC)
		return -ENOTTY;
	rc = create(UK_AF_INET, UK_SOCK_DGRAM, 0, &f);
	if (rc)
		return rc == -EAFNOSUPPORT ? -ENOTTY : rc;
	rc = uk_file_ioctl(f, cmd, arg);
	uk_file_put(f);
	return rc;
}

UK_SYSCALL(int, socket, int domain, int type, int protocol)
{
	struct uk_file *f;
	int rc = check_type(domain, type);

	if (!rc)
		rc = create(domain, type, protocol, &f);
	return rc ? rc : install(f, type);
}

static int pair(int domain, int type, int protocol, struct uk_file *f[2])
{
	const struct uk_socket_family *family;

	uk_table_for_each(family, sockfamily) {
		int rc;

		if (family->domain != domain)
			continue;
		if (!family->pair)
			return -EOPNOTSUPP;
		rc = family->pair(type & UK_SOCK_MASK, protocol, f);
		if (!rc) {
			f[0]->flags |= (unsigned)type & UK_SOCK_NONBLOCK;
			f[1]->flags |= (unsigned)type & UK_SOCK_NONBLOCK;
		}
		return rc;
	}
	return -EAFNOSUPPORT;
}

UK_SYSCALL(int, socketpair, int domain, int type, int protocol, int *user)
{
	struct uk_file *f[2];
	int fds[2], rc = check_type(domain, type);

	if (!rc && !uk_access_ok(user, sizeof(fds)))
		rc = -EFAULT;
	if (!rc)
		rc = pair(domain, type, protocol, f);
	if (rc)
		return rc;
	fds[0] = install(f[0], type);
	if (fds[0] < 0) {
		uk_file_put(f[1]);
		return fds[0];
	}
	fds[1] = install(f[1], type);
	if (fds[1] < 0) {
		uk_fd_close(files(), fds[0]);
		return fds[1];
	}
	return uk_copy_to_user(user, fds, sizeof(fds));
}

/* ---- connections ---- */

UK_SYSCALL(int, bind, int fd, const void *user, int len)
{
	address addr;
	int rc = address_from_user(&addr, user, len);

	return (int)WITH_SOCKET(fd, rc          ? rc
				    : ops->bind ? ops->bind(s, &addr, (uint32_t)len)
						: -EOPNOTSUPP);
}

UK_SYSCALL(int, listen, int fd, int backlog)
{
	if ((unsigned)backlog > UK_SOMAXCONN)
		backlog = UK_SOMAXCONN;
	return (int)WITH_SOCKET(fd, ops->listen ? ops->listen(s, backlog) : -EOPNOTSUPP);
}

UK_SYSCALL_RESTART(int, connect, int fd, const void *user, int len)
{
	address addr;
	int rc = address_from_user(&addr, user, len);

	return (int)WITH_SOCKET(fd, rc ? rc
				    : ops->connect
					    ? restartable(ops->connect(s, &addr, (uint32_t)len,
								       file_flags(s)),
							  s->sndtimeo)
					    : -EOPNOTSUPP);
}

static long accept_from(struct uk_socket *s, void *user, int *user_len, int flags)
{
	const struct uk_socket_ops *ops = uk_socket_ops(s);
	uint32_t len = 0;
	struct uk_file *f;
	address addr;
	int fd, rc;

	if (!ops->accept)
		return -EOPNOTSUPP;
	fd = uk_fd_reserve(files(), 0, (unsigned)flags & UK_SOCK_CLOEXEC);
	if (fd < 0)
		return fd;
	rc = ops->accept(s, &f, file_flags(s), user ? &addr : NULL, &len);
	if (!rc && user) {
		rc = address_to_user(&addr, len, user, user_len);
		if (rc)
			uk_file_put(f);
	}
	if (rc) {
		uk_fd_unreserve(files(), fd);
		return restartable(rc, s->rcvtimeo);
	}
	f->flags |= (unsigned)flags & UK_SOCK_NONBLOCK;
	uk_fd_install(files(), fd, f);
	return fd;
}

UK_SYSCALL_RESTART(int, accept4, int fd, void *user, int *user_len, int flags)
{
	if (flags & ~(UK_SOCK_NONBLOCK | UK_SOCK_CLOEXEC))
		return -EINVAL;
	return (int)WITH_SOCKET(fd, accept_from(s, user, user_len, flags));
}

UK_SYSCALL_RESTART(int, accept, int fd, void *user, int *user_len)
{
	return (int)WITH_SOCKET(fd, accept_from(s, user, user_len, 0));
}

UK_SYSCALL(int, shutdown, int fd, int how)
{
	return (int)WITH_SOCKET(fd, (unsigned)how > UK_SHUT_RDWR ? -EINVAL
				    : ops->shutdown              ? ops->shutdown(s, how)
								 : -EOPNOTSUPP);
}
