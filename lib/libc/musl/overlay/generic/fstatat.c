/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stat, lstat, fstat and fstatat: on Linux's newer machines the system call fills in the program's structure
 * itself, where musl copies field by field because it need not be the same on others.
 */
#define _BSD_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include "syscall.h"
#include "kstat.h"

#define SAME(ours, theirs) (offsetof(struct stat, ours) == offsetof(struct kstat, theirs))

_Static_assert(sizeof(struct stat) == sizeof(struct kstat) && SAME(st_mode, st_mode) &&
		       SAME(st_blocks, st_blocks) && SAME(st_atim.tv_nsec, st_atime_nsec) &&
		       SAME(st_ctim.tv_nsec, st_ctime_nsec),
	       "the kernel's layout is the program's");

int fstatat(int fd, const char *restrict path, struct stat *restrict st, int flag)
{
	long rc;

	if (flag == AT_EMPTY_PATH && fd >= 0 && !*path)
		rc = __syscall(SYS_fstat, fd, st);
	else
		rc = __syscall(SYS_newfstatat, fd, path, st, flag);
	return __syscall_ret(rc);
}

weak_alias(fstatat, fstatat64);
