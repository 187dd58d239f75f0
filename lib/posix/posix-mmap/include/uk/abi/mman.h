/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mmap(2) and its family (Linux asm-generic/mman.h, mman-common.h). PROT_* are UK_VMEM_*.
 */
#ifndef UK_ABI_MMAN_H
#define UK_ABI_MMAN_H

#define UK_MAP_SHARED          0x01U
#define UK_MAP_PRIVATE         0x02U
#define UK_MAP_SHARED_VALIDATE 0x03U
#define UK_MAP_TYPE            0x0fU
#define UK_MAP_FIXED           0x10U
#define UK_MAP_ANONYMOUS       0x20U
#define UK_MAP_GROWSDOWN       0x100U
#define UK_MAP_LOCKED          0x2000U
#define UK_MAP_NORESERVE       0x4000U
#define UK_MAP_POPULATE        0x8000U
#define UK_MAP_STACK           0x20000U
#define UK_MAP_HUGETLB         0x40000U
#define UK_MAP_FIXED_NOREPLACE 0x100000U
#define UK_MAP_HUGE_SHIFT      26 /* log2 of the page's size; 0: the usual */
#define UK_MAP_HUGE_MASK       63U

#define UK_MREMAP_MAYMOVE   1U
#define UK_MREMAP_FIXED     2U
#define UK_MREMAP_DONTUNMAP 4U

#define UK_MS_ASYNC      1
#define UK_MS_INVALIDATE 2
#define UK_MS_SYNC       4

#define UK_MADV_NORMAL         0
#define UK_MADV_RANDOM         1
#define UK_MADV_SEQUENTIAL     2
#define UK_MADV_WILLNEED       3
#define UK_MADV_DONTNEED       4
#define UK_MADV_FREE           8
#define UK_MADV_HUGEPAGE       14
#define UK_MADV_NOHUGEPAGE     15
#define UK_MADV_DONTDUMP       16
#define UK_MADV_DODUMP         17
#define UK_MADV_COLD           20
#define UK_MADV_PAGEOUT        21
#define UK_MADV_POPULATE_READ  22
#define UK_MADV_POPULATE_WRITE 23

#endif
