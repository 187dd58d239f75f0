/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-mmap. */
#ifndef POSIX_MMAP_INTERNAL_H
#define POSIX_MMAP_INTERNAL_H

#include <uk/abi/mman.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/vmem.h>

#define PROT_KNOWN (UK_VMEM_READ | UK_VMEM_WRITE | UK_VMEM_EXEC)

/* A mapping of a file: the address or an error. vflags: UK_VMEM_FIXED and the like. */
long posix_mmap_file(uk_vaddr_t hint, size_t len, unsigned prot, bool shared, unsigned vflags,
		     int fd, int64_t off);

/* Has mlockall(MCL_FUTURE) been called? */
bool posix_mmap_locks_all(void);

static inline bool is_page_aligned(uk_vaddr_t va)
{
	return !(va % UK_PAGE_SIZE);
}

#endif
