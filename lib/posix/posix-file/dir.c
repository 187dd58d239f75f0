/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directories: reading them, and where the process is.
 */
#include "internal.h"

UK_SYSCALL(ssize_t, getdents64, int fd, void *buf, unsigned size)
{
	if (!uk_access_ok(buf, size))
		return -EFAULT;
	return WITH_IO(fd, uk_file_getdents(f, buf, size));
}

UK_SYSCALL(ssize_t, getcwd, char *buf, size_t size)
{
	if (!uk_access_ok(buf, size))
		return -EFAULT;
	return uk_vfs_getcwd(fs(), buf, size);
}

UK_SYSCALL(long, chdir, const char *path)
{
	return WITH_AT(UK_AT_FDCWD, path, uk_vfs_chdir(fs(), at, path));
}

UK_SYSCALL(long, fchdir, int fd)
{
	return WITH_FILE(fd, uk_vfs_chdir(fs(), f, NULL));
}

UK_SYSCALL(long, chroot, const char *path)
{
	long rc = path_check(path);

	if (rc)
		return rc;
	return uk_process_current()->creds.euid ? -EPERM : uk_vfs_chroot(fs(), path);
}
