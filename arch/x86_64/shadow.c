/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sanitizer's shadow on a machine of our own: 16 TiB of zeroes, made of one page.
 *
 * Four frames map it all, for reading: a page of zeroes, a page table whose entries all lead to it, a
 * directory whose entries all lead to that table, and so on. The first write to a page gives it, and
 * the tables on the way there, frames of their own. They come from a pool that is set aside at boot,
 * since the write may happen anywhere: in the frame allocator, with its lock held.
 *
 * The ordinary walker (paging.c) knows nothing of these tables. Nothing here is checked code.
 *
 * With several CPUs, another one may go on reading zeroes for a page that has got its own, until its TLB
 * forgets that (uk_plat_shadow_refresh()).
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/pte.h>
#include <uk/arch/shadow.h>
#include <uk/atomic.h>
#include <uk/linked.h>
#include <uk/plat/shadow.h>
#include <uk/print.h>

#define ENTRIES   512UL
#define ADDR_MASK 0x000ffffffffff000UL
#define TABLE     (X86_PTE_P | X86_PTE_W | X86_PTE_A)
#define PAGE      (X86_PTE_P | X86_PTE_A | X86_PTE_NX)
#define ROOT      3U
#define CR0_WP    (1UL << 16)
#define FIRST     24U /* frames until the pool is there: the shadow of the boot stack */

#define SIZE(level) (UK_PAGE_SIZE << (9 * (level)))

typedef uint64_t table[ENTRIES] UK_ALIGNED(4096);

static table zero[ROOT + 1]; /* by level, but zero[ROOT]: the page of zeroes */
static table first[FIRST];

static struct {
	uintptr_t va, end;
	uint64_t pa;
	bool locked;
} pool;

/*
 * The pool and all tables. By the CPU's own flag, since an interrupt that only notes that it came (uk/irq.h)
 * has a stack as well; and not one of uk/spin.h, which may be checked code.
 */
static uint64_t lock(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	while (uk_atomic_exchange(&pool.locked, true))
		__asm__ volatile("pause");
	return flags;
}

static void unlock(uint64_t flags)
{
	uk_atomic_store_release(&pool.locked, false);
	__asm__ volatile("pushq %0; popfq" ::"r"(flags) : "memory", "cc");
}

static uintptr_t image_offset; /* from a frame of the image to its address */
static uint64_t image_pa, image_end;

static uint64_t *at(uint64_t entry)
{
	uint64_t pa = entry & ADDR_MASK;

	return pa >= image_pa && pa < image_end ? (uint64_t *)(pa + image_offset)
						: uk_plat_phys_to_virt(pa);
}

static uint64_t pa_of(const table *t)
{
	return (uintptr_t)t - image_offset;
}

static uint64_t *root(void)
{
	return at(x86_read_cr3());
}

static unsigned index_of(uintptr_t va, unsigned level)
{
	return va >> (UK_PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

/* The kernel may not write to read-only pages either, or the page of zeroes would not stay one. */
static void write_protect(void)
{
	uint64_t cr0;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" ::"r"(cr0 | CR0_WP) : "memory");
}

void x86_shadow_init(void)
{
	uk_paddr_t pa = 0;

	uk_plat_lookup((uintptr_t)zero, &pa, NULL);
	image_offset = (uintptr_t)zero - pa;
	image_pa = (uintptr_t)uk_image_start - image_offset;
	image_end = (uintptr_t)uk_image_end - image_offset;
	pool.va = (uintptr_t)first;
	pool.end = (uintptr_t)(first + FIRST);
	pool.pa = pa_of(first);
	for (unsigned i = 0; i < ENTRIES; i++) {
		zero[0][i] = pa_of(&zero[ROOT]) | PAGE;
		zero[1][i] = pa_of(&zero[0]) | TABLE;
		zero[2][i] = pa_of(&zero[1]) | TABLE;
	}
	write_protect();
	for (uintptr_t va = UK_VA_SHADOW; va < UK_VA_SHADOW_END; va += SIZE(ROOT))
		root()[index_of(va, ROOT)] = pa_of(&zero[2]) | TABLE;
}

static uint64_t frame(uint64_t **va)
{
	uint64_t pa = pool.pa;

	if (pool.va == pool.end)
		uk_fatal("no memory is left for the sanitizer's shadow: give more with --memory");
	*va = (uint64_t *)pool.va;
	pool.va += UK_PAGE_SIZE;
	pool.pa += UK_PAGE_SIZE;
	return pa;
}

/* Gives the page of `va` a frame of its own, and the tables on the way; complete before another CPU sees them. */
static void own(uintptr_t va)
{
	uint64_t flags = lock(), *e = &root()[index_of(va, ROOT)], *t, pa;

	for (unsigned level = ROOT; level; e = &at(*e)[index_of(va, --level)]) {
		if ((*e & ADDR_MASK) != pa_of(&zero[level - 1]))
			continue;
		pa = frame(&t);
		for (unsigned i = 0; i < ENTRIES; i++)
			t[i] = zero[level - 1][i];
		uk_atomic_store_release(e, pa | TABLE);
	}
	if ((*e & ADDR_MASK) == pa_of(&zero[ROOT])) {
		pa = frame(&t);
		for (unsigned i = 0; i < ENTRIES; i++)
			t[i] = 0;
		uk_atomic_store_release(e, pa | PAGE | X86_PTE_W | X86_PTE_D);
	}
	unlock(flags);
	x86_invlpg(va); /* and what the CPU remembers of tables, wherever they are */
}

bool x86_shadow_fault(uintptr_t va)
{
	if (va < UK_VA_SHADOW || va >= UK_VA_SHADOW_END)
		return false;
	own(va);
	return true;
}

UK_WEAK void uk_plat_shadow_need(uintptr_t start, uintptr_t end)
{
	for (uintptr_t va = UK_ALIGN_DOWN(start, UK_PAGE_SIZE); va < end; va += UK_PAGE_SIZE)
		own(va);
}

UK_WEAK void uk_plat_shadow_clear(uintptr_t start, uintptr_t end)
{
	for (uintptr_t va = start, next; va < end; va = next) {
		uint64_t *e = &root()[index_of(va, ROOT)];
		unsigned level = ROOT;

		while (level && (*e & ADDR_MASK) != pa_of(&zero[level - 1]))
			e = &at(*e)[index_of(va, --level)];
		next = UK_ALIGN_DOWN(va, SIZE(level)) + SIZE(level);
		if (!level && *e & X86_PTE_W)
			for (uint64_t *w = (uint64_t *)va; w < (uint64_t *)next; w++)
				*w = 0;
	}
}

UK_WEAK void uk_plat_shadow_refresh(uintptr_t start UK_UNUSED, uintptr_t end UK_UNUSED)
{
#ifdef CONFIG_SMP
	for (uintptr_t va = UK_ALIGN_DOWN(start, UK_PAGE_SIZE); va < end; va += UK_PAGE_SIZE)
		x86_invlpg(va);
#endif
}

/*
 * An eighth of memory for the direct map's shadow, and for stacks and what is mapped elsewhere a
 * part of that again.
 */
UK_WEAK void uk_plat_shadow_memory(struct uk_bootinfo *bi)
{
	struct uk_boot_region *best = NULL;
	uint64_t total = 0, len;
	int used;

	for (struct uk_boot_region *r = bi->regions; r < bi->regions + bi->nregions; r++) {
		if (r->type != UK_MEM_FREE)
			continue;
		total += r->len;
		if (!best || r->len > best->len)
			best = r;
	}
	len = UK_ALIGN_DOWN(total / 8 + total / 32 + (1UL << 20), UK_PAGE_SIZE);
	if (!best || best->len < 2 * len)
		uk_fatal("too little memory for the sanitizer's shadow: it takes a sixth, and "
			 "some: --memory 32M or more");
	best->len = UK_ALIGN_DOWN(best->start + best->len, UK_PAGE_SIZE) - len - best->start;
	pool.pa = best->start + best->len;
	used = uk_plat_direct_map(pool.pa, len);
	if (used < 0)
		uk_fatal("the sanitizer's shadow cannot be mapped (error %d)", -used);
	pool.pa += (unsigned)used * UK_PAGE_SIZE;
	pool.va = (uintptr_t)uk_plat_phys_to_virt(pool.pa);
	pool.end = pool.va + len - (unsigned)used * UK_PAGE_SIZE;
}
