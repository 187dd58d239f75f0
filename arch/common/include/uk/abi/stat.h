/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct stat as the system calls of Linux's newer machines fill it (include/uapi/asm-generic/stat.h). The mode bits are the
 * same everywhere.
 */
#ifndef UK_ABI_STAT_H
#define UK_ABI_STAT_H

#include <stdint.h>

#define UK_S_IFMT   0170000
#define UK_S_IFSOCK 0140000
#define UK_S_IFLNK  0120000
#define UK_S_IFREG  0100000
#define UK_S_IFBLK  0060000
#define UK_S_IFDIR  0040000
#define UK_S_IFCHR  0020000
#define UK_S_IFIFO  0010000
#define UK_S_ISUID  0004000
#define UK_S_ISGID  0002000
#define UK_S_ISVTX  0001000

struct uk_abi_stat {
	uint64_t st_dev;
	uint64_t st_ino;
	uint32_t st_mode;
	uint32_t st_nlink;
	uint32_t st_uid;
	uint32_t st_gid;
	uint64_t st_rdev;
	uint64_t pad0;
	int64_t st_size;
	int32_t st_blksize; /* best size of a transfer */
	int32_t pad1;
	int64_t st_blocks; /* in units of 512 bytes, whatever st_blksize says */
	int64_t st_atime_sec, st_atime_nsec;
	int64_t st_mtime_sec, st_mtime_nsec;
	int64_t st_ctime_sec, st_ctime_nsec;
	uint32_t unused[2];
};

/* Clears what has no meaning, but pad0. */
static inline void uk_abi_stat_rest(struct uk_abi_stat *st)
{
	st->pad1 = 0;
	st->unused[0] = st->unused[1] = 0;
}

#endif
