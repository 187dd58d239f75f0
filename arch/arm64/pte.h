/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries of page tables (DDI 0487 §D8.3: VMSAv8-64, pages of 4 KiB, 48 bits of addresses), for arch/common/paging.c.
 *
 * A table's number of used entries is kept in bits of the entry that points to it which the CPU ignores, so that
 * unmapping knows at once when a table has become empty.
 */
#ifndef ARM_PTE_H
#define ARM_PTE_H

#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/config.h>
#include <uk/plat/mem.h>

#define PTE_VALID     0x01UL
#define PTE_NOT_BLOCK 0x02UL /* a table, or at the last level a page */
#define PTE_DEVICE    ((uint64_t)ARM_MAIR_DEVICE << 2)
#define PTE_RO        0x80UL
#define PTE_SHARED    0x300UL     /* among all CPUs */
#define PTE_AF        0x400UL     /* it may be used; nobody counts */
#define PTE_GP        (1UL << 50) /* indirect jumps land at landing pads only */
#define PTE_PXN       (1UL << 53)
#define PTE_UXN       (1UL << 54)
#define SOFT_NONE     (1UL << 55) /* ours: a page of UK_PROT_NONE */

#define PT_ENTRIES 512UL
#define PT_ROOT    3U

#define PTE_PRESENT   PTE_VALID
#define PTE_LARGE     PTE_NOT_BLOCK /* is absent there: see pte_sized() */
#define PTE_PROT_MASK (PTE_VALID | PTE_RO | PTE_GP | PTE_PXN | SOFT_NONE)

#define ADDR_MASK  0x0000fffffffff000UL
#define COUNT      4UL /* unit of the counter in bits 2 to 11 */
#define COUNT_MASK (0x3ffUL * COUNT)
#define TABLE      (PTE_VALID | PTE_NOT_BLOCK)

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

/* `flags` for a page of a size, `ps` being PTE_LARGE or 0; a large page's entry as it is for the first small one in it. */
#define pte_sized pte_sized
static inline uint64_t pte_sized(uint64_t flags, uint64_t ps)
{
	return flags & ~ps;
}

static inline uint64_t pte_small(uint64_t e)
{
	return e & PTE_VALID ? e | PTE_NOT_BLOCK : e;
}

/* A page's address as these instructions take it. */
#define TLBI_PAGE(va) ((va) >> UK_PAGE_SHIFT & ((1UL << 44) - 1))

/* This CPU forgets what it remembers of the page at va; of all pages. */
static inline void pt_forget(uk_vaddr_t va)
{
	__asm__ volatile("dsb nshst\n\t"
			 "tlbi vaae1, %0\n\t"
			 "dsb nsh\n\t"
			 "isb" ::"r"(TLBI_PAGE(va))
			 : "memory");
}

static inline void pt_forget_all(void)
{
	__asm__ volatile("dsb nshst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

#ifdef CONFIG_SMP
/* All CPUs forget the pages from `start` to `end`, if these are no more than `few` bytes, else all pages: they hear of it by themselves. */
#define PT_BROADCAST 1
static inline void pt_forget_everywhere(uk_vaddr_t start, uk_vaddr_t end, size_t few)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	if (end - start > few)
		__asm__ volatile("tlbi vmalle1is" ::: "memory");
	for (; start < end && end - start <= few; start += UK_PAGE_SIZE)
		__asm__ volatile("tlbi vaae1is, %0" ::"r"(TLBI_PAGE(start)) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}
#define SHARERS "ish"
#else
static inline void pt_forget_everywhere(uk_vaddr_t start, uk_vaddr_t end UK_UNUSED,
					size_t few UK_UNUSED)
{
	pt_forget(start);
}
#define SHARERS "nsh"
#endif

/* There are new pages: a CPU does not remember that there were none, but may not have seen what was written. */
static inline void pt_added(uk_vaddr_t va UK_UNUSED)
{
	__asm__ volatile("dsb " SHARERS "st\n\tisb" ::: "memory");
}

static inline void pt_added_some(void)
{
	pt_added(0);
}

/*
 * Changes an entry, which a CPU may be using; `resized`: it covers the same in another way. Such a change, and one of the
 * address, goes through an entry that is not there (break before make, DDI 0487 §D8.14.1).
 */
static inline void pte_write(uint64_t *e, uint64_t new, uk_vaddr_t va, bool resized)
{
	if (UK_UNLIKELY((*e & new &PTE_VALID) &&
			(resized || ((*e ^ new) & (ADDR_MASK | PTE_DEVICE))))) {
		*(volatile uint64_t *)e = 0;
		pt_forget_everywhere(va, va + UK_PAGE_SIZE, UK_PAGE_SIZE);
	}
	pte_publish(e, new);
}

/* Is an entry of level 1 a page? */
static inline bool pte_is_large(uint64_t e)
{
	return (e & SOFT_NONE) || (e & (PTE_VALID | PTE_NOT_BLOCK)) == PTE_VALID;
}

/* `n` more entries (or fewer) are in use in the table that *e points to, one of them `in` it: are there any now? */
static inline bool pte_count(uint64_t *e, long n, const uint64_t *in UK_UNUSED)
{
	*e += (uint64_t)n * COUNT;
	return *e & COUNT_MASK;
}

static uint64_t nx UK_RO_AFTER_INIT_ZERO; /* PTE_PXN, or 0 where everything may be executed */

#ifdef CONFIG_HARDEN_BTI
static uint64_t pads UK_RO_AFTER_INIT_ZERO; /* PTE_GP, or 0 where the CPU has no such thing */
#else
#define pads 0UL
#endif

static inline void pte_init(bool has_nx)
{
	nx = has_nx ? PTE_PXN : 0;
#ifdef CONFIG_HARDEN_BTI
	pads = arm_has_bti() ? PTE_GP : 0;
#endif
}

static uint64_t pte_flags(unsigned prot)
{
	uint64_t f = PTE_VALID | PTE_NOT_BLOCK | PTE_SHARED | PTE_AF | PTE_UXN;

	if (!(prot & (UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC)))
		return SOFT_NONE;
	if (!(prot & UK_PROT_WRITE))
		f |= PTE_RO;
	if (!(prot & UK_PROT_EXEC))
		f |= nx;
	if (prot & UK_PROT_PADS)
		f |= pads;
	if (prot & UK_PROT_DEVICE)
		f |= PTE_DEVICE | PTE_PXN;
	return f;
}

static inline unsigned pte_prot(uint64_t e)
{
	return !(e & PTE_VALID) ? UK_PROT_NONE
				: UK_PROT_READ | (e & PTE_RO ? 0 : UK_PROT_WRITE) |
					  (e & PTE_PXN ? 0 : UK_PROT_EXEC) |
					  (e & PTE_DEVICE ? UK_PROT_DEVICE : 0);
}

/* All of a page's entry but its address and size. */
static inline uint64_t pte_flags_of(uint64_t e)
{
	return pte_small(e & ~ADDR_MASK);
}

/* The same frame, and nothing that was allowed is forbidden? */
static inline bool pte_allows_more(uint64_t old, uint64_t new)
{
	return !((old ^ new) & ADDR_MASK) && !(~old & new &(PTE_RO | PTE_PXN)) &&
	       !(old & ~new &PTE_VALID);
}

static inline uk_paddr_t pt_root(void)
{
	return arm_read(ttbr0_el1) & ADDR_MASK;
}

static inline void pt_set_root(uk_paddr_t root)
{
	arm_write(ttbr0_el1, root);
	pt_forget_all();
}

#endif
