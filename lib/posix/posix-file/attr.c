/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing what is known about a file: permissions, owner, times, size.
 */
#include <uk/abi/time.h>
#include "internal.h"

static long chmod_at(int dirfd, const char *path, uint32_t mode)
{
	return WITH_AT(dirfd, path, uk_vfs_chmod(fs(), at, path, mode, 0));
}

static long chown_at(int dirfd, const char *path, uint32_t uid, uint32_t gid, unsigned flags)
{
	return WITH_AT(dirfd, path, uk_vfs_chown(fs(), at, path, uid, gid, flags));
}

UK_SYSCALL(long, fchmod, int fd, uint32_t mode)
{
	return WITH_IO(fd, uk_vfs_chmod(fs(), f, NULL, mode, 0));
}

UK_SYSCALL(long, fchmodat, int dirfd, const char *path, uint32_t mode)
{
	return chmod_at(dirfd, path, mode);
}

UK_SYSCALL(long, fchown, int fd, uint32_t uid, uint32_t gid)
{
	return WITH_IO(fd, uk_vfs_chown(fs(), f, NULL, uid, gid, 0));
}

UK_SYSCALL(long, fchownat, int dirfd, const char *path, uint32_t uid, uint32_t gid, unsigned flags)
{
	if (flags & ~(unsigned)(UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	return chown_at(dirfd, path, uid, gid, flags);
}

/* path NULL: the descriptor's own file (futimens). */
static long utimens_at(int dirfd, const char *path, const struct uk_vfs_time *times, unsigned flags)
{
	if (!path)
		return flags ? -EINVAL : WITH_IO(dirfd, uk_vfs_utimens(fs(), f, NULL, times, 0));
	return WITH_AT(dirfd, path, uk_vfs_utimens(fs(), at, path, times, flags));
}

UK_SYSCALL(long, utimensat, int dirfd, const char *path, const struct uk_vfs_time *user,
	   unsigned flags)
{
	struct uk_vfs_time times[2]; /* has the layout of struct timespec */

	if (flags & ~(unsigned)(UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	if (user && uk_copy_from_user(times, user, sizeof(times)))
		return -EFAULT;
	if (!path && dirfd == UK_AT_FDCWD)
		return -EFAULT;
	return utimens_at(dirfd, path, user ? times : NULL, flags);
}

UK_SYSCALL(long, truncate, const char *path, uk_off_t size)
{
	long rc = path_check(path);

	if (rc)
		return rc;
	return size < 0 ? -EINVAL : uk_vfs_truncate(fs(), path, size);
}

UK_SYSCALL(long, ftruncate, int fd, uk_off_t size)
{
	return WITH_IO(fd, size < 0 ? -EINVAL : uk_file_truncate(f, size));
}

UK_SYSCALL(long, fallocate, int fd, int mode, uk_off_t off, uk_off_t len)
{
	return WITH_IO(fd, uk_file_allocate(f, mode, off, len));
}

UK_SYSCALL_LEAF(uint32_t, umask, uint32_t mask)
{
	return __atomic_exchange_n(&fs()->umask, mask & 0777, __ATOMIC_RELAXED);
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, chmod, const char *path, uint32_t mode)
{
	return chmod_at(UK_AT_FDCWD, path, mode);
}

UK_SYSCALL(long, chown, const char *path, uint32_t uid, uint32_t gid)
{
	return chown_at(UK_AT_FDCWD, path, uid, gid, 0);
}

UK_SYSCALL(long, lchown, const char *path, uint32_t uid, uint32_t gid)
{
	return chown_at(UK_AT_FDCWD, path, uid, gid, UK_AT_SYMLINK_NOFOLLOW);
}

static long utimes_at(int dirfd, const char *path, const struct uk_abi_timeval *user)
{
	struct uk_abi_timeval tv[2];
	struct uk_vfs_time times[2];
	int i;

	if (user && uk_copy_from_user(tv, user, sizeof(tv)))
		return -EFAULT;
	for (i = 0; user && i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec >= 1000000)
			return -EINVAL;
		times[i] = (struct uk_vfs_time){ tv[i].sec, tv[i].usec * 1000 };
	}
	return utimens_at(dirfd, path, user ? times : NULL, 0);
}

UK_SYSCALL(long, utimes, const char *path, const struct uk_abi_timeval *times)
{
	return path ? utimes_at(UK_AT_FDCWD, path, times) : -EFAULT;
}

UK_SYSCALL(long, futimesat, int dirfd, const char *path, const struct uk_abi_timeval *times)
{
	return utimes_at(dirfd, path, times);
}

UK_SYSCALL(long, utime, const char *path, const int64_t *user)
{
	int64_t sec[2];
	struct uk_vfs_time times[2];

	if (user && uk_copy_from_user(sec, user, sizeof(sec)))
		return -EFAULT;
	if (user) {
		times[0] = (struct uk_vfs_time){ sec[0], 0 };
		times[1] = (struct uk_vfs_time){ sec[1], 0 };
	}
	return path ? utimens_at(UK_AT_FDCWD, path, user ? times : NULL, 0) : -EFAULT;
}
#endif
