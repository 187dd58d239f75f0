/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The open(2) flags whose values depend on the architecture; the rest is in <uk/abi/file.h>.
 * (Linux include/uapi/asm-generic/fcntl.h; arm64 has its own.)
 */
#ifndef UK_ABI_FCNTL_H
#define UK_ABI_FCNTL_H

#define UK_O_DIRECT    00040000
#define UK_O_LARGEFILE 00100000
#define UK_O_DIRECTORY 00200000
#define UK_O_NOFOLLOW  00400000

#endif
