/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ram file system offers beyond the interface of file systems.
 */
#ifndef UK_RAMFS_H
#define UK_RAMFS_H

#include <uk/api.h>
#include <uk/inode.h>

UK_API_BEGIN

/*
 * Let a regular file consist of `len` bytes at `data`, without copying: pages are copied when they
 * are written to. The bytes must never change or go away. Replaces the file's content. 0, or
 * -EOPNOTSUPP for an inode of another kind or file system. Threads; may block.
 */
int uk_ramfs_set_backing(struct uk_inode *inode, const void *data, uint64_t len);

UK_API_END

#endif
