/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * statx(2) (Linux linux/stat.h); the same on every architecture.
 */
#ifndef UK_ABI_STATX_H
#define UK_ABI_STATX_H

#include <stdint.h>

#define UK_STATX_BASIC_STATS 0x7ffU
#define UK_STATX_RESERVED    0x80000000U

#define UK_AT_STATX_SYNC_TYPE 0x6000

struct uk_abi_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};

struct uk_abi_statx {
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t pad0;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct uk_abi_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor;
	uint32_t dev_major, dev_minor;
	uint64_t mnt_id;
	uint64_t spare[13];
};

_Static_assert(sizeof(struct uk_abi_statx) == 256, "struct statx");

#endif
