/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Durability, advice and locks of whole files.
 */
#include "internal.h"

UK_SYSCALL(long, fsync, int fd)
{
	return WITH_FILE(fd, uk_file_sync(f, false));
}

UK_SYSCALL(long, fdatasync, int fd)
{
	return WITH_FILE(fd, uk_file_sync(f, true));
}

UK_SYSCALL(long, sync)
{
	uk_vfs_sync();
	return 0;
}

/* All of them, which includes the one that is meant. */
UK_SYSCALL(long, syncfs, int fd)
{
	return WITH_IO(fd, ({
			       uk_vfs_sync();
			       0;
		       }));
}

#define SYNC_RANGE_FLAGS 7U

/* More than was asked for. */
UK_SYSCALL(long, sync_file_range, int fd, uk_off_t off, uk_off_t len, unsigned flags)
{
	if (off < 0 || len < 0 || (flags & ~SYNC_RANGE_FLAGS))
		return -EINVAL;
	return WITH_FILE(fd, uk_file_sync(f, true));
}

#define POSIX_FADV_NOREUSE 5

/* Advice that changes nothing is followed by doing nothing; but pipes take none. */
UK_SYSCALL(long, fadvise64, int fd, uk_off_t off, uk_off_t len, int advice)
{
	if (len < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	return WITH_IO(fd, f->inode ? 0 : -ESPIPE);
}

UK_SYSCALL_RESTART(long, flock, int fd, int op)
{
	return WITH_IO(fd, restartable(uk_file_flock(f, op)));
}
