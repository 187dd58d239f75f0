/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries of page tables (Intel SDM vol. 3 §4.5), for arch/common/paging.c.
 *
 * A table's number of used entries is kept in ignored bits of the entry that points to it, so that
 * unmapping knows at once when a table has become empty.
 */
#ifndef X86_PTE_H
#define X86_PTE_H

#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/pte.h>
#include <uk/plat/mem.h>

#define PT_ENTRIES  512UL
#define PT_ROOT     3U

#define PTE_PRESENT   X86_PTE_P
#define PTE_LARGE     X86_PTE_PS
#define PTE_PROT_MASK (X86_PTE_P | X86_PTE_W | X86_PTE_NX)

#define ADDR_MASK  0x000ffffffffff000UL
#define SOFT_NONE  0x200UL     /* bit 9, ignored by the CPU: a page of UK_PROT_NONE */
#define COUNT      (1UL << 52) /* unit of the counter in bits 52..61, ignored by the CPU */
#define COUNT_MASK (0x3ffUL * COUNT)
#define TABLE      (X86_PTE_P | X86_PTE_W | X86_PTE_A) /* protection is the last level's affair */

/* An address as it is in an entry, and back. */
static inline uint64_t pte_of(uk_paddr_t pa)
{
	return pa;
}

static inline uk_paddr_t pte_frame(uint64_t e)
{
	return e & ADDR_MASK;
}

/* An entry that points to an empty table, and to one with all entries in use. */
static inline uint64_t pte_table(uk_paddr_t frame)
{
	return frame | TABLE;
}

static inline uint64_t pte_full_table(uk_paddr_t frame)
{
	return frame | TABLE | PT_ENTRIES * COUNT;
}

/* Is an entry of level 1 a page? */
static inline bool pte_is_large(uint64_t e)
{
	return e & X86_PTE_PS;
}

/* `n` more entries (or fewer) are in use in the table that *e points to, one of them `in` it: are there any now? */
static inline bool pte_count(uint64_t *e, long n, const uint64_t *in UK_UNUSED)
{
	*e += (uint64_t)n * COUNT;
	return *e & COUNT_MASK;
}

static uint64_t nx UK_RO_AFTER_INIT_ZERO; /* X86_PTE_NX, or 0 where the CPU does not have it */

static inline void pte_init(bool has_nx)
{
	nx = has_nx ? X86_PTE_NX : 0;
}

static uint64_t pte_flags(unsigned prot)
{
	uint64_t f = X86_PTE_P | X86_PTE_A;

	if (!(prot & (UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC)))
		return SOFT_NONE;
	if (prot & UK_PROT_WRITE)
		f |= X86_PTE_W | X86_PTE_D;
	if (!(prot & UK_PROT_EXEC))
		f |= nx;
	if (prot & UK_PROT_DEVICE)
		f |= X86_PTE_PCD | X86_PTE_PWT;
	return f;
}

static inline unsigned pte_prot(uint64_t e)
{
	return !(e & X86_PTE_P) ? UK_PROT_NONE
				: UK_PROT_READ | (e & X86_PTE_W ? UK_PROT_WRITE : 0) |
					  (e & X86_PTE_NX ? 0 : UK_PROT_EXEC) |
					  (e & X86_PTE_PCD ? UK_PROT_DEVICE : 0);
}

/* All of a page's entry but its address and size. */
static inline uint64_t pte_flags_of(uint64_t e)
{
	return e & ~(ADDR_MASK | COUNT_MASK | X86_PTE_PS);
}

/* The same frame, and nothing that was allowed is forbidden? */
static inline bool pte_allows_more(uint64_t old, uint64_t new)
{
	return (old & ~X86_PTE_NX & new) == (old & ~X86_PTE_NX) && !((new ^ old) & ADDR_MASK) &&
	       ((old | ~new) & X86_PTE_NX);
}

/* This CPU forgets what it remembers of the page at va; of all pages. */
static inline void pt_forget(uk_vaddr_t va)
{
	x86_invlpg(va);
}

static inline void pt_forget_all(void)
{
	x86_write_cr3(x86_read_cr3()); /* no page is global */
}

/* A new page needs nothing: that there was none the CPU does not remember. */
static inline void pt_added(uk_vaddr_t va UK_UNUSED)
{
}

static inline void pt_added_some(void)
{
}

static inline uk_paddr_t pt_root(void)
{
	return x86_read_cr3() & ADDR_MASK;
}

static inline void pt_set_root(uk_paddr_t root)
{
	x86_write_cr3(root);
}

#endif
