/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries of page tables (RISC-V ISA vol. 2 §4.4, Sv39, and §4.5, Sv48), for arch/common/paging.c.
 *
 * An entry has no bits left for a count, so a table from which something was removed is looked through.
 */
#ifndef RISCV_PTE_H
#define RISCV_PTE_H

#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/config.h>
#include <uk/plat/mem.h>

#define PTE_V 0x01
#define PTE_R 0x02
#define PTE_W 0x04
#define PTE_X 0x08
#define PTE_A 0x40
#define PTE_D 0x80
/* The two bits that are ours: a page of UK_PROT_NONE, and one of device registers. */
#define SOFT_NONE   0x100
#define SOFT_DEVICE 0x200

#define PT_ENTRIES 512UL
#ifdef CONFIG_RISCV64_SV48
#define PT_ROOT 3U
#define PT_MODE RISCV_SATP_SV48
#else
#define PT_ROOT 2U
#define PT_MODE RISCV_SATP_SV39
#endif

#define PTE_PRESENT   PTE_V
#define PTE_LARGE     0UL /* a page is told from a table by what it allows */
#define PTE_PROT_MASK (PTE_V | PTE_R | PTE_W | PTE_X)

#define PPN_SHIFT 10 /* of the frame's number */
#define PPN_MASK  0x003ffffffffffc00UL
#define SATP_PPN  0x00000fffffffffffUL

/* An address as it is in an entry, and back. */
static inline uint64_t pte_of(uk_paddr_t pa)
{
	return pa >> UK_PAGE_SHIFT << PPN_SHIFT;
}

static inline uk_paddr_t pte_frame(uint64_t e)
{
	return (e & PPN_MASK) >> PPN_SHIFT << UK_PAGE_SHIFT;
}

/* An entry that points to an empty table, and to one with all entries in use. */
static inline uint64_t pte_table(uk_paddr_t frame)
{
	return pte_of(frame) | PTE_V;
}

static inline uint64_t pte_full_table(uk_paddr_t frame)
{
	return pte_table(frame);
}

/* Is an entry of level 1 a page? */
static inline bool pte_is_large(uint64_t e)
{
	return e & (PTE_R | PTE_W | PTE_X | SOFT_NONE);
}

/* `n` more entries (or fewer) are in use in the table that *e points to, one of them `in` it: are there any now? */
static inline bool pte_count(uint64_t *e UK_UNUSED, long n, const uint64_t *in)
{
	const uint64_t *t = (const uint64_t *)UK_ALIGN_DOWN((uintptr_t)in, UK_PAGE_SIZE);

	if (n > 0)
		return true;
	for (unsigned i = 0; i < PT_ENTRIES; i++)
		if (t[i])
			return true;
	return false;
}

static uint64_t always UK_RO_AFTER_INIT_ZERO; /* what every page may be used for */

static inline void pte_init(bool has_nx)
{
	always = has_nx ? 0 : PTE_X;
}

static uint64_t pte_flags(unsigned prot)
{
	uint64_t f = PTE_V | PTE_A | PTE_R | always;

	if (!(prot & (UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC)))
		return SOFT_NONE;
	if (prot & UK_PROT_WRITE)
		f |= PTE_W | PTE_D;
	if (prot & UK_PROT_EXEC)
		f |= PTE_X;
	if (prot & UK_PROT_DEVICE)
		f |= SOFT_DEVICE;
	return f;
}

static inline unsigned pte_prot(uint64_t e)
{
	return !(e & PTE_V) ? UK_PROT_NONE
			    : UK_PROT_READ | (e & PTE_W ? UK_PROT_WRITE : 0) |
				      (e & PTE_X ? UK_PROT_EXEC : 0) |
				      (e & SOFT_DEVICE ? UK_PROT_DEVICE : 0);
}

/* All of a page's entry but its address and size. */
static inline uint64_t pte_flags_of(uint64_t e)
{
	return e & ~PPN_MASK;
}

/* The same frame, and nothing that was allowed is forbidden? */
static inline bool pte_allows_more(uint64_t old, uint64_t new)
{
	return !((old ^ new) & PPN_MASK) && !(old & ~new & PTE_PROT_MASK);
}

/* This CPU forgets what it remembers of the page at va; of all pages. */
static inline void pt_forget(uk_vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

static inline void pt_forget_all(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

/* There are new pages: a CPU may remember that there was nothing (§4.2.1). */
static inline void pt_added(uk_vaddr_t va)
{
	pt_forget(va);
}

static inline void pt_added_some(void)
{
	pt_forget_all();
}

static inline uk_paddr_t pt_root(void)
{
	return (riscv_csr_read(satp) & SATP_PPN) << UK_PAGE_SHIFT;
}

static inline void pt_set_root(uk_paddr_t root)
{
	riscv_csr_write(satp, PT_MODE | root >> UK_PAGE_SHIFT);
	pt_forget_all();
}

#endif
