/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside ukvmem: what its files share.
 */
#ifndef VMEM_H
#define VMEM_H

#include <uk/spinlock.h>
#include <uk/vmem.h>
#include "area.h"

#define LARGE_PAGE (2UL << 20) /* of x86_64, and of arm64 and riscv64 with pages of 4 KiB */

/* Guards the spaces, the spare nodes and page tables. Order: heap, then this, then ukpage's. */
extern struct uk_spinlock vmem_lock;

/* Bytes of frames in areas. */
extern size_t vmem_populated;

/* Sets up the window [start, end) with its random base in [from, to). */
void space_init(struct space *s, uk_vaddr_t start, uk_vaddr_t end, uk_vaddr_t from, uk_vaddr_t to);

/*
 * Gives the pages of a range, none of which has a frame, frames: zeroed if asked for. 0 or -ENOMEM;
 * pages that got one before the failure keep it.
 */
int vmem_fill(uk_vaddr_t va, size_t len, unsigned prot, bool zero);

/* Makes a range accessible of which some pages may have frames: these keep them. As vmem_fill(). */
int vmem_populate(uk_vaddr_t va, size_t len, unsigned prot);

/* Unmaps the range and frees its frames. 0 or -ENOMEM (a large page would have to be split). */
int vmem_depopulate(uk_vaddr_t va, size_t len);

#endif
