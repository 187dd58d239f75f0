/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors: open, close, duplicate, control; pipes, eventfds and files in memory.
 */
#include "internal.h"

UK_SYSCALL_RESTART_THIN(int, openat, int dirfd, const char *path, unsigned flags, uint32_t mode)
{
	int rc = path_check(path);

	return (int)restartable(rc ? rc : uk_fd_open(files(), fs(), dirfd, path, flags, mode));
}

UK_SYSCALL(int, close, int fd)
{
	return uk_fd_close(files(), fd);
}

#define CLOSE_RANGE_UNSHARE 2U /* there is nobody else to share the table with */
#define CLOSE_RANGE_CLOEXEC 4U

UK_SYSCALL(int, close_range, unsigned first, unsigned last, unsigned flags)
{
	if (first > last || (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	return uk_fd_close_range(files(), first, last, flags & CLOSE_RANGE_CLOEXEC);
}

UK_SYSCALL(int, dup, int fd)
{
	return uk_fd_dup(files(), fd);
}

UK_SYSCALL(int, dup3, int fd, int to, unsigned flags)
{
	return uk_fd_dup3(files(), fd, to, flags);
}

UK_SYSCALL_RESTART_THIN(long, fcntl, int fd, int cmd, uintptr_t arg)
{
	return restartable(uk_fd_fcntl(files(), fd, cmd, arg));
}

UK_SYSCALL_RESTART_THIN(long, ioctl, int fd, unsigned cmd, uintptr_t arg)
{
	return restartable(uk_fd_ioctl(files(), fd, cmd, arg));
}

static int make_pipe(int *user, unsigned flags)
{
	int fds[2], rc;

	if (!uk_access_ok(user, sizeof(fds)))
		return -EFAULT;
	rc = uk_fd_pipe(files(), fds, flags);
	return rc ? rc : uk_copy_to_user(user, fds, sizeof(fds));
}

UK_SYSCALL(int, pipe2, int *fds, unsigned flags)
{
	/* O_DIRECT, packet mode, is not offered. */
	if (flags & ~(unsigned)(UK_O_CLOEXEC | UK_O_NONBLOCK))
		return -EINVAL;
	return make_pipe(fds, flags);
}

#define EFD_SEMAPHORE 1U

static int make_eventfd(unsigned count, unsigned flags)
{
	struct uk_file *f;
	int rc;

	if (flags & ~(unsigned)(EFD_SEMAPHORE | UK_O_CLOEXEC | UK_O_NONBLOCK))
		return -EINVAL;
	rc = uk_eventfd_create(count, flags & UK_O_NONBLOCK, flags & EFD_SEMAPHORE, &f);
	if (rc)
		return rc;
	rc = uk_fd_add(files(), f, 0, flags & UK_O_CLOEXEC);
	if (rc < 0)
		uk_file_put(f);
	return rc;
}

UK_SYSCALL(int, eventfd2, unsigned count, unsigned flags)
{
	return make_eventfd(count, flags);
}

#define MFD_CLOEXEC  1U
#define MFD_NAME_MAX 249

/* A file without a name in the root file system. Seals are not offered. */
UK_SYSCALL(int, memfd_create, const char *name, unsigned flags)
{
	char copy[MFD_NAME_MAX + 1];
	ssize_t n = uk_strncpy_from_user(copy, name, sizeof(copy)); /* only for show */

	if (n < 0)
		return n == -EFAULT ? -EFAULT : -EINVAL;
	if (flags & ~MFD_CLOEXEC)
		return -EINVAL;
	return uk_fd_open(files(), fs(), UK_AT_FDCWD, "/",
			  UK_O_TMPFILE | UK_O_RDWR | (flags & MFD_CLOEXEC ? UK_O_CLOEXEC : 0),
			  0600);
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL_RESTART_THIN(int, open, const char *path, unsigned flags, uint32_t mode)
{
	int rc = path_check(path);

	return (int)restartable(rc ? rc
				   : uk_fd_open(files(), fs(), UK_AT_FDCWD, path, flags, mode));
}

UK_SYSCALL_RESTART_THIN(int, creat, const char *path, uint32_t mode)
{
	int rc = path_check(path);

	return (int)restartable(rc ? rc
				   : uk_fd_open(files(), fs(), UK_AT_FDCWD, path,
						UK_O_CREAT | UK_O_WRONLY | UK_O_TRUNC, mode));
}

UK_SYSCALL(int, dup2, int fd, int to)
{
	return uk_fd_dup2(files(), fd, to);
}

UK_SYSCALL(int, pipe, int *fds)
{
	return make_pipe(fds, 0);
}

UK_SYSCALL(int, eventfd, unsigned count)
{
	return make_eventfd(count, 0);
}
#endif
