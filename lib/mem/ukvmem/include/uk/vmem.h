/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual memory areas: what mmap() and its family do, for the kernel and the application.
 *
 * The address space has one window for areas. An area is a range of pages with the same protection;
 * any page-aligned part of it can be unmapped, protected or moved, and neighbours that agree merge.
 * Pages are populated when they become accessible: mapping read-write takes its frames at once,
 * while UK_VMEM_NONE only reserves addresses and costs no memory until it is protected otherwise.
 * Placement starts at an address chosen at random for each boot.
 *
 * Nothing is writable and executable at a time unless CONFIG_LIBUKVMEM_WX allows it.
 *
 * Lengths are rounded up to whole pages; addresses must be page-aligned. Callable from threads,
 * preemption on or off, not from interrupt handlers. No function blocks.
 */
#ifndef UK_VMEM_H
#define UK_VMEM_H

#include <uk/api.h>
#include <uk/essentials.h>

/* Protection: the values of Linux's PROT_*. */
#define UK_VMEM_NONE  0U
#define UK_VMEM_READ  1U
#define UK_VMEM_WRITE 2U
#define UK_VMEM_EXEC  4U

/* Flags of uk_vmem_map_anon() and uk_vmem_remap(). */
#define UK_VMEM_FIXED     1U /* exactly there, replacing what is there */
#define UK_VMEM_NOREPLACE 2U /* exactly there, or -EEXIST */
#define UK_VMEM_MAYMOVE   4U /* remap: somewhere else is fine */

struct uk_vmem_area {
	uk_vaddr_t start;
	uk_vaddr_t end;
	unsigned prot;
};

struct uk_vmem_stats {
	size_t mapped;    /* bytes of address space in areas */
	size_t populated; /* bytes backed by frames */
	size_t areas;
};

UK_API_BEGIN

/*
 * Maps `len` bytes of zeroes. Without FIXED or NOREPLACE `hint` is a wish (0: none). Returns the
 * address or an error in the pointer (uk_is_err()): -ENOMEM no frames or no room, -EINVAL a bad
 * length or address, -EACCES writable and executable, -EEXIST.
 */
void *uk_vmem_map_anon(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags);

/* Removes all mappings in the range, which may have holes. 0, -EINVAL, -ENOMEM (a split failed). */
int uk_vmem_unmap(uk_vaddr_t va, size_t len);

/*
 * Changes the protection of a range that must be mapped throughout. 0, -EINVAL, -EACCES (writable
 * and executable), -ENOMEM (a hole, or no frames to populate what was UK_VMEM_NONE).
 */
int uk_vmem_protect(uk_vaddr_t va, size_t len, unsigned prot);

/*
 * Resizes the area part [va, va + old_len), in place if possible; with MAYMOVE it may be moved
 * (pages move, nothing is copied), with FIXED to `new_va`. Returns the address or an error in the
 * pointer.
 */
void *uk_vmem_remap(uk_vaddr_t va, size_t old_len, size_t new_len, unsigned flags,
		    uk_vaddr_t new_va);

/* Makes pages zero and may free their frames (MADV_DONTNEED). 0, -EINVAL, -ENOMEM (a hole). */
int uk_vmem_discard(uk_vaddr_t va, size_t len);

/*
 * The area that holds `va`, or failing that the next one above. 0, or -ENOENT. For /proc-like
 * listings, page faults (who owns this address?) and mincore().
 */
int uk_vmem_find(uk_vaddr_t va, struct uk_vmem_area *area);

void uk_vmem_stats(struct uk_vmem_stats *st);

UK_API_END

#endif
