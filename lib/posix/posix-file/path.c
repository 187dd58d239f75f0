/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names: make, link, rename, remove.
 */
#include "internal.h"

static long mkdir_at(int dirfd, const char *path, uint32_t mode)
{
	return WITH_AT(dirfd, path, uk_vfs_mkdir(fs(), at, path, mode));
}

static long mknod_at(int dirfd, const char *path, uint32_t mode, unsigned dev)
{
	return WITH_AT(dirfd, path, uk_vfs_mknod(fs(), at, path, mode, dev));
}

static long unlink_at(int dirfd, const char *path, unsigned flags)
{
	return WITH_AT(dirfd, path, uk_vfs_unlink(fs(), at, path, flags));
}

static long symlink_at(const char *target, int dirfd, const char *path)
{
	long rc = path_check(target);

	return rc ? rc : WITH_AT(dirfd, path, uk_vfs_symlink(fs(), target, at, path));
}

static long readlink_at(int dirfd, const char *path, char *buf, int size)
{
	if (size <= 0)
		return -EINVAL;
	if (!uk_access_ok(buf, (size_t)size))
		return -EFAULT;
	return WITH_AT(dirfd, path, uk_vfs_readlink(fs(), at, path, buf, (size_t)size));
}

/* Two starting points: `at` of the inner macro is the new one. */
static long rename_at(int olddir, const char *oldpath, int newdir, const char *newpath,
		      unsigned flags)
{
	return WITH_AT(olddir, oldpath, ({
			       struct uk_file *from = at;
			       WITH_AT(newdir, newpath,
				       uk_vfs_rename(fs(), from, oldpath, at, newpath, flags));
		       }));
}

static long link_at(int olddir, const char *oldpath, int newdir, const char *newpath,
		    unsigned flags)
{
	return WITH_AT(olddir, oldpath, ({
			       struct uk_file *from = at;
			       WITH_AT(newdir, newpath,
				       uk_vfs_link(fs(), from, oldpath, at, newpath, flags));
		       }));
}

UK_SYSCALL(long, mkdirat, int dirfd, const char *path, uint32_t mode)
{
	return mkdir_at(dirfd, path, mode);
}

UK_SYSCALL(long, mknodat, int dirfd, const char *path, uint32_t mode, unsigned dev)
{
	return mknod_at(dirfd, path, mode, dev);
}

UK_SYSCALL(long, unlinkat, int dirfd, const char *path, unsigned flags)
{
	return flags & ~(unsigned)UK_AT_REMOVEDIR ? -EINVAL : unlink_at(dirfd, path, flags);
}

UK_SYSCALL(long, symlinkat, const char *target, int dirfd, const char *path)
{
	return symlink_at(target, dirfd, path);
}

UK_SYSCALL(long, readlinkat, int dirfd, const char *path, char *buf, int size)
{
	return readlink_at(dirfd, path, buf, size);
}

UK_SYSCALL(long, linkat, int olddir, const char *oldpath, int newdir, const char *newpath,
	   unsigned flags)
{
	if (flags & ~(unsigned)(UK_AT_SYMLINK_FOLLOW | UK_AT_EMPTY_PATH))
		return -EINVAL;
	return link_at(olddir, oldpath, newdir, newpath, flags);
}

UK_SYSCALL(long, renameat2, int olddir, const char *oldpath, int newdir, const char *newpath,
	   unsigned flags)
{
	if ((flags & ~(unsigned)(UK_RENAME_NOREPLACE | UK_RENAME_EXCHANGE)) ||
	    flags == (UK_RENAME_NOREPLACE | UK_RENAME_EXCHANGE))
		return -EINVAL;
	return rename_at(olddir, oldpath, newdir, newpath, flags);
}

#if defined(UK_SYSCALL_LEGACY) || defined(UK_SYSCALL_RENAMEAT)
UK_SYSCALL(long, renameat, int olddir, const char *oldpath, int newdir, const char *newpath)
{
	return rename_at(olddir, oldpath, newdir, newpath, 0);
}
#endif

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, rename, const char *oldpath, const char *newpath)
{
	return rename_at(UK_AT_FDCWD, oldpath, UK_AT_FDCWD, newpath, 0);
}

UK_SYSCALL(long, mkdir, const char *path, uint32_t mode)
{
	return mkdir_at(UK_AT_FDCWD, path, mode);
}

UK_SYSCALL(long, mknod, const char *path, uint32_t mode, unsigned dev)
{
	return mknod_at(UK_AT_FDCWD, path, mode, dev);
}

UK_SYSCALL(long, rmdir, const char *path)
{
	return unlink_at(UK_AT_FDCWD, path, UK_AT_REMOVEDIR);
}

UK_SYSCALL(long, unlink, const char *path)
{
	return unlink_at(UK_AT_FDCWD, path, 0);
}

UK_SYSCALL(long, symlink, const char *target, const char *path)
{
	return symlink_at(target, UK_AT_FDCWD, path);
}

UK_SYSCALL(long, readlink, const char *path, char *buf, int size)
{
	return readlink_at(UK_AT_FDCWD, path, buf, size);
}

UK_SYSCALL(long, link, const char *oldpath, const char *newpath)
{
	return link_at(UK_AT_FDCWD, oldpath, UK_AT_FDCWD, newpath, 0);
}
#endif
