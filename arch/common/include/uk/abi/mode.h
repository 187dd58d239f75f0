/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bits of a file's mode, the same on every machine: a part of <uk/abi/stat.h>.
 */
#ifndef UK_ABI_MODE_H
#define UK_ABI_MODE_H

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

#endif
