/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables (Intel SDM vol. 3 §4.5): one walker that maps, unmaps and protects, with 4 KiB and
 * 2 MiB pages.
 *
 * Tables are edited through the recursive slot, see <uk/arch/paging.h>: entry(va, level) is where the
 * entry for va lies, provided that the tables above it exist. Levels: 0 = page table, 3 = the root.
 * An entry that is not 0 is in use; one without the present bit but with SOFT_NONE is a page of
 * UK_PROT_NONE that keeps its frame.
 *
 * Nothing here takes a lock: callers do (ukvmem, ukpage), and boot is alone.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/string.h>

#define ADDR_MASK  0x000ffffffffff000UL
#define SOFT_NONE  0x200UL     /* bit 9, ignored by the CPU */
#define COUNT      (1UL << 52) /* unit of the counter in bits 52..61, ignored by the CPU */
#define COUNT_MASK (0x3ffUL * COUNT)
#define ENTRIES    512UL
#define ROOT       3U
#define SIZE(level)  (UK_PAGE_SIZE << (9 * (level)))
#define LARGE      SIZE(1)
#define VA_MASK    ((1UL << 48) - 1)
#define VA_END     (1UL << 47) /* we live in the lower half */

/* Mappings of what the loader left lie at VA_BOOT + physical address. */
#define VA_BOOT     (UK_VA_IMAGE + (1UL << 40))
#define VA_BOOT_LEN (1UL << 42)

UK_WEAK uintptr_t uk_plat_direct_base;

static uint64_t *base[ROOT + 1]; /* base[level]: all entries of a level as one array */
static uint64_t nx;              /* X86_PTE_NX, or 0 where the CPU does not have it */
static uk_vaddr_t window;
static const struct uk_plat_frames *source;
static uk_paddr_t pool; /* the image's own frames for tables; a set bit is a free frame */
static uint64_t pool_len;
static uint64_t pool_free;
static uk_paddr_t own, own_end; /* uk_plat_direct_map(): frames of the range that is being mapped */

enum op { MAP, UNMAP, PROTECT };

static inline uint64_t *entry(uk_vaddr_t va, unsigned level)
{
	return base[level] + ((va & VA_MASK) >> (UK_PAGE_SHIFT + 9 * level));
}

void x86_pt_init(uint64_t *root_va, uk_paddr_t root, unsigned slot, bool has_nx)
{
	/* Each turn through the root leads one level up; the top bits make the address canonical. */
	uint64_t va = 0xffff000000000000UL | (uint64_t)slot << 39;

	nx = has_nx ? X86_PTE_NX : 0;
	root_va[slot] = root | nx | X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D;
	for (unsigned level = 0; level <= ROOT; level++) {
		base[level] = (uint64_t *)va;
		va |= (uint64_t)slot << (30 - 9 * level);
	}
}

void x86_pt_give(uk_paddr_t first, unsigned n)
{
	pool = first;
	pool_len = n * UK_PAGE_SIZE;
	pool_free = n < 64 ? UK_BIT(n) - 1 : ~0UL;
}

void x86_pt_window(uk_vaddr_t va)
{
	window = va;
}

UK_WEAK void uk_plat_set_frames(const struct uk_plat_frames *frames)
{
	source = frames;
}

/* A frame at the walker's own address; valid until the next call. */
static void *peek(uk_paddr_t frame)
{
	*entry(window, 0) = frame | nx | X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D;
	x86_invlpg(window);
	return (void *)window;
}

/* A zeroed frame for a table, 0 if there is none. */
static uk_paddr_t table_alloc(void)
{
	uk_paddr_t frame = 0;
	unsigned i;

	if (source && !own_end)
		frame = source->alloc();
	if (frame)
		return frame;
	if (pool_free) {
		i = uk_ctz(pool_free);
		pool_free &= pool_free - 1;
		return pool + i * UK_PAGE_SIZE;
	}
	if (own < own_end) {
		frame = own;
		own += UK_PAGE_SIZE;
		memset(peek(frame), 0, UK_PAGE_SIZE);
	}
	return frame;
}

/* An empty table, which is therefore zeroed. */
static void table_free(uk_paddr_t frame)
{
	if (frame - pool < pool_len)
		pool_free |= UK_BIT((frame - pool) / UK_PAGE_SIZE);
	else if (source)
		source->free(frame);
}

/* Note that `n` more (or fewer) entries are in use in the table at `level` that serves va. */
static void count(uk_vaddr_t va, unsigned level, long n)
{
	for (; level < ROOT && n; level++) {
		uint64_t *e = entry(va, level + 1);
		uk_paddr_t table = *e & ADDR_MASK;

		*e += (uint64_t)n * COUNT;
		if (*e & COUNT_MASK)
			break;
		*e = 0;
		/* Forget the table's own address, and what the CPU remembers of the way to va. */
		x86_invlpg((uintptr_t)entry(va, level) & ~UK_PAGE_MASK);
		x86_invlpg(va);
		table_free(table);
		n = -1;
	}
}

/* Make *e, the entry for va at `level`, point to a new, empty table. */
static int table_add(uint64_t *e, uk_vaddr_t va, unsigned level)
{
	uk_paddr_t frame = table_alloc();

	if (!frame)
		return -ENOMEM;
	*e = frame | X86_PTE_P | X86_PTE_W | X86_PTE_A;
	count(va, level, 1);
	return 0;
}

/* Replace the 2 MiB page *e by a table of 4 KiB pages. */
static int split(uint64_t *e, uk_vaddr_t va)
{
	uk_paddr_t frame = table_alloc();
	uint64_t small = *e & ~(uint64_t)X86_PTE_PS;
	uint64_t *t;

	if (!frame)
		return -ENOMEM;
	t = peek(frame);
	for (unsigned i = 0; i < ENTRIES; i++)
		t[i] = small + i * UK_PAGE_SIZE;
	*e = frame | X86_PTE_P | X86_PTE_W | X86_PTE_A | ENTRIES * COUNT;
	x86_invlpg(va);
	return 0;
}

static uint64_t flags_of(unsigned prot)
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

/*
 * Write `n` entries for pages of `size` bytes from va on: `first`, and each more by `step`. Returns
 * the change in the number of entries in use.
 */
static long fill(uint64_t *e, size_t n, uk_vaddr_t va, size_t size, uint64_t first, uint64_t step)
{
	long used = first ? (long)n : 0;

	for (size_t i = 0; i < n; i++, first += step) {
		uint64_t old = e[i];

		e[i] = first;
		if (!old)
			continue;
		used--;
		if (old & X86_PTE_P)
			x86_invlpg(va + i * size);
	}
	return used;
}

static void protect(uint64_t *e, size_t n, uk_vaddr_t va, size_t size, uint64_t flags)
{
	for (; n--; e++, va += size)
		if (*e)
			fill(e, 1, va, size, (*e & ADDR_MASK) | flags, 0);
}

/* How many of the entries from va on in one table are in [va, end). */
static size_t in_table(uk_vaddr_t va, uk_vaddr_t end)
{
	return UK_MIN((end - va) >> UK_PAGE_SHIFT, ENTRIES - ((va >> UK_PAGE_SHIFT) & (ENTRIES - 1)));
}

/*
 * Go down to the entry that is to be written for va: of a page table, or of a page directory for a
 * large page. For UNMAP and PROTECT it may be a hole, at any level.
 */
static int descend(enum op op, uk_vaddr_t va, uk_vaddr_t end, uk_paddr_t pa, unsigned *level)
{
	bool large = !((va | (op == MAP ? pa : 0)) & (LARGE - 1)) && end - va >= LARGE;
	int rc;

	for (*level = ROOT; *level; --*level) {
		uint64_t *e = entry(va, *level);
		bool leaf = *level == 1 && (*e & X86_PTE_PS);

		if (*level == 1 && large && (leaf || (op == MAP && !*e)))
			return 0;
		if (!*e && op != MAP)
			return 0;
		rc = leaf ? split(e, va) : *e ? 0 : table_add(e, va, *level);
		if (rc)
			return rc;
	}
	return 0;
}

static int walk(enum op op, uk_vaddr_t va, size_t len, uk_paddr_t pa, uint64_t flags)
{
	uk_vaddr_t end = va + len;

	while (va < end) {
		unsigned level;
		int rc = descend(op, va, end, pa, &level);
		uint64_t *e = entry(va, level);
		size_t n = level ? 1 : in_table(va, end);
		uint64_t ps = level ? X86_PTE_PS : 0;

		if (rc)
			return rc;
		if (op == MAP) {
			count(va, level, fill(e, n, va, SIZE(level), pa | flags | ps, SIZE(level)));
			pa += n * SIZE(level);
		} else if (op == PROTECT && (!level || (*e & X86_PTE_PS))) {
			protect(e, n, va, SIZE(level), flags | ps);
		} else if (op == UNMAP && (!level || (*e & X86_PTE_PS))) {
			count(va, level, fill(e, n, va, SIZE(level), 0, 0));
		}
		va = UK_ALIGN_DOWN(va, SIZE(level)) + n * SIZE(level);
	}
	return 0;
}

static bool bad_range(uk_vaddr_t va, uint64_t other, size_t len)
{
	return ((va | other | len) & UK_PAGE_MASK) || va >= VA_END || len > VA_END - va;
}

static bool bad_prot(unsigned prot)
{
	return (prot & (UK_PROT_WRITE | UK_PROT_EXEC | UK_PROT_WX)) == (UK_PROT_WRITE | UK_PROT_EXEC);
}

UK_WEAK int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	if (bad_range(va, pa, len))
		return -EINVAL;
	return bad_prot(prot) ? -EACCES : walk(MAP, va, len, pa, flags_of(prot));
}

UK_WEAK int uk_plat_unmap(uk_vaddr_t va, size_t len)
{
	return bad_range(va, 0, len) ? -EINVAL : walk(UNMAP, va, len, 0, 0);
}

UK_WEAK int uk_plat_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	if (bad_range(va, 0, len))
		return -EINVAL;
	return bad_prot(prot) ? -EACCES : walk(PROTECT, va, len, 0, flags_of(prot));
}

UK_WEAK int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	unsigned level = ROOT;
	uint64_t e;

	if (va >= VA_END)
		return -EFAULT;
	for (;; level--) {
		e = *entry(va, level);
		if (!e)
			return -EFAULT;
		if (!level || (level == 1 && (e & X86_PTE_PS)))
			break;
	}
	*pa = (e & ADDR_MASK) + (va & (SIZE(level) - 1));
	if (prot)
		*prot = !(e & X86_PTE_P) ? UK_PROT_NONE :
			UK_PROT_READ | (e & X86_PTE_W ? UK_PROT_WRITE : 0) |
			(e & X86_PTE_NX ? 0 : UK_PROT_EXEC) | (e & X86_PTE_PCD ? UK_PROT_DEVICE : 0);
	return 0;
}

UK_WEAK size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	unsigned level = ROOT;
	size_t len = UK_PAGE_SIZE;
	uint64_t *e;

	for (;; level--) {
		e = entry(va, level);
		if (!*e || !level || (level == 1 && (*e & X86_PTE_PS)))
			break;
	}
	*pa = *e ? (*e & ADDR_MASK) + (va & (SIZE(level) - 1)) : 0;
	if (level)
		return UK_MIN(SIZE(level) - (va & (SIZE(level) - 1)), max);
	/* In a page table: as far as its entries go on in the same way. */
	while (len < max && ((uintptr_t)++e & UK_PAGE_MASK) &&
	       (*pa ? *e && (*e & ADDR_MASK) == *pa + len : !*e))
		len += UK_PAGE_SIZE;
	return len;
}

UK_WEAK int uk_plat_direct_map(uk_paddr_t pa, size_t len)
{
	int rc;

	own = pa;
	own_end = pa + len;
	rc = walk(MAP, uk_plat_direct_base + pa, len, pa, flags_of(UK_PROT_READ | UK_PROT_WRITE));
	if (!rc)
		rc = (int)((own - pa) / UK_PAGE_SIZE);
	own_end = 0;
	return rc;
}

/*
 * In whole large pages: what surrounds the range is readable as well for a while, but one table less is
 * needed, and at that time there is hardly a frame to take it from.
 */
UK_WEAK void *uk_plat_map_boot(uk_paddr_t pa, size_t len)
{
	uk_paddr_t start = UK_ALIGN_DOWN(pa, LARGE);

	if (!len || pa >= VA_BOOT_LEN || len > VA_BOOT_LEN - pa ||
	    walk(MAP, VA_BOOT + start, UK_ALIGN_UP(pa + len, LARGE) - start, start, flags_of(UK_PROT_READ)))
		return NULL;
	return (void *)(VA_BOOT + pa);
}

UK_WEAK void uk_plat_unmap_boot(const void *va, size_t len)
{
	uk_vaddr_t start = UK_ALIGN_DOWN((uk_vaddr_t)va, LARGE);

	walk(UNMAP, start, UK_ALIGN_UP((uk_vaddr_t)va + len, LARGE) - start, 0, 0);
}
