/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct stat as the system calls of Linux's newer machines fill it (include/uapi/asm-generic/stat.h).
 */
#ifndef UK_ABI_STAT_H
#define UK_ABI_STAT_H

#include <stdint.h>
#include <uk/abi/mode.h>

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
