/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct stat as the x86_64 system calls fill it (Linux arch/x86/include/uapi/asm/stat.h); arm64
 * and riscv64 share another layout.
 */
#ifndef UK_ABI_STAT_H
#define UK_ABI_STAT_H

#include <stdint.h>
#include <uk/abi/mode.h>

struct uk_abi_stat {
	uint64_t st_dev;
	uint64_t st_ino;
	uint64_t st_nlink;
	uint32_t st_mode;
	uint32_t st_uid;
	uint32_t st_gid;
	uint32_t pad0;
	uint64_t st_rdev;
	int64_t st_size;
	int64_t st_blksize; /* best size of a transfer */
	int64_t st_blocks;  /* in units of 512 bytes, whatever st_blksize says */
	int64_t st_atime_sec, st_atime_nsec;
	int64_t st_mtime_sec, st_mtime_nsec;
	int64_t st_ctime_sec, st_ctime_nsec;
	int64_t unused[3];
};

/* Clears what has no meaning, but pad0. */
static inline void uk_abi_stat_rest(struct uk_abi_stat *st)
{
	st->unused[0] = st->unused[1] = st->unused[2] = 0;
}

#endif
