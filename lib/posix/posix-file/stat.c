/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known about a file: stat and statx, access, statfs.
 */
#include <uk/abi/statx.h>
#include "internal.h"

#define STAT_FLAGS (UK_AT_SYMLINK_NOFOLLOW | UK_AT_NO_AUTOMOUNT | UK_AT_EMPTY_PATH)

static long stat_at(int dirfd, const char *path, unsigned flags, struct uk_abi_stat *st)
{
	/* Our file systems mount nothing by themselves. */
	flags &= ~(unsigned)UK_AT_NO_AUTOMOUNT;
	return WITH_AT(dirfd, path, uk_vfs_stat(fs(), at, path, flags, st));
}

UK_SYSCALL(long, newfstatat, int dirfd, const char *path, struct uk_abi_stat *user, unsigned flags)
{
	struct uk_abi_stat local, *st = uk_out_begin(user, &local);
	long rc;

	if (flags & ~(unsigned)STAT_FLAGS)
		return -EINVAL;
	if (!st)
		return -EFAULT;
	rc = stat_at(dirfd, path, flags, st);
	return rc ? rc : uk_out_end(user, st);
}

UK_SYSCALL(long, fstat, int fd, struct uk_abi_stat *user)
{
	struct uk_abi_stat local, *st = uk_out_begin(user, &local);
	long rc = st ? WITH_FILE(fd, uk_file_stat(f, st)) : -EFAULT;

	return rc ? rc : uk_out_end(user, st);
}

static struct uk_abi_statx_time statx_time(int64_t sec, int64_t nsec)
{
	return (struct uk_abi_statx_time){ .sec = sec, .nsec = (uint32_t)nsec };
}

UK_SYSCALL(long, statx, int dirfd, const char *path, unsigned flags, unsigned mask,
	   struct uk_abi_statx *user)
{
	struct uk_abi_stat st;
	struct uk_abi_statx x;
	long rc;

	if ((mask & UK_STATX_RESERVED) || (flags & ~(unsigned)(STAT_FLAGS | UK_AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	rc = stat_at(dirfd, path, flags & (unsigned)STAT_FLAGS, &st);
	if (rc)
		return rc;
	x = (struct uk_abi_statx){
		.mask = UK_STATX_BASIC_STATS,
		.blksize = (uint32_t)st.st_blksize,
		.nlink = (uint32_t)st.st_nlink,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mode = (uint16_t)st.st_mode,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.blocks = (uint64_t)st.st_blocks,
		.atime = statx_time(st.st_atime_sec, st.st_atime_nsec),
		.ctime = statx_time(st.st_ctime_sec, st.st_ctime_nsec),
		.mtime = statx_time(st.st_mtime_sec, st.st_mtime_nsec),
		/* UK_DEV(): eight bits of minor number */
		.rdev_major = (uint32_t)(st.st_rdev >> 8),
		.rdev_minor = st.st_rdev & 0xff,
		.dev_major = (uint32_t)(st.st_dev >> 8),
		.dev_minor = st.st_dev & 0xff,
	};
	return uk_put_user(x, user);
}

static long access_at(int dirfd, const char *path, unsigned mode, unsigned flags)
{
	if (mode & ~(unsigned)(UK_R_OK | UK_W_OK | UK_X_OK))
		return -EINVAL;
	return WITH_AT(dirfd, path, uk_vfs_access(fs(), at, path, mode, flags));
}

UK_SYSCALL(long, faccessat, int dirfd, const char *path, unsigned mode)
{
	return access_at(dirfd, path, mode, 0);
}

UK_SYSCALL(long, faccessat2, int dirfd, const char *path, unsigned mode, unsigned flags)
{
	if (flags & ~(unsigned)(UK_AT_EACCESS | UK_AT_SYMLINK_NOFOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	return access_at(dirfd, path, mode, flags);
}

UK_SYSCALL(long, statfs, const char *path, struct uk_abi_statfs *user)
{
	struct uk_abi_statfs st;
	long rc = path_check(path);

	if (!rc)
		rc = uk_vfs_statfs(fs(), path, &st);
	return rc ? rc : uk_put_user(st, user);
}

UK_SYSCALL(long, fstatfs, int fd, struct uk_abi_statfs *user)
{
	struct uk_abi_statfs st;
	long rc = WITH_FILE(fd, uk_file_statfs(f, &st));

	return rc ? rc : uk_put_user(st, user);
}

#ifdef UK_SYSCALL_LEGACY
static inline long stat_path(const char *path, struct uk_abi_stat *user, unsigned flags)
{
	struct uk_abi_stat local, *st = uk_out_begin(user, &local);
	long rc;

	if (UK_UNLIKELY(!st || path_check(path)))
		return -EFAULT;
	rc = uk_vfs_stat(fs(), NULL, path, flags, st);
	return rc ? rc : uk_out_end(user, st);
}

UK_SYSCALL(long, stat, const char *path, struct uk_abi_stat *user)
{
	return stat_path(path, user, 0);
}

UK_SYSCALL(long, lstat, const char *path, struct uk_abi_stat *user)
{
	return stat_path(path, user, UK_AT_SYMLINK_NOFOLLOW);
}

UK_SYSCALL(long, access, const char *path, unsigned mode)
{
	return access_at(UK_AT_FDCWD, path, mode, 0);
}
#endif
