/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of 512 entries: one walker that maps, unmaps and protects, with 4 KiB and 2 MiB pages.
 * Levels: 0 = page table, PT_ROOT = the root. What an entry looks like is in the architecture's pte.h.
 *
 * An entry that is not 0 is in use; one that the CPU takes for absent may be a page of UK_PROT_NONE that
 * keeps its frame.
 *
 * Where tables come from: the image brings a few frames, the pool. Later ones are from ukpage,
 * through the direct map. Mapping the direct map itself must not depend on either: it uses frames
 * kept in reserve, and makes up for them from the range that it has just mapped.
 *
 * Nothing here takes a lock: callers do (ukvmem, ukpage), and boot is alone.
 */
#include <uk/arch/paging.h>
#include <uk/bits.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/spin.h>
#include <uk/string.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#define ENTRIES     PT_ENTRIES
#define ROOT        PT_ROOT
#define SIZE(level) (UK_PAGE_SIZE << (9 * (level)))
#define LARGE       SIZE(1)
#define GIB         SIZE(2)
#define VA_END      (1UL << (UK_PAGE_SHIFT + 9 * (ROOT + 1) - 1)) /* we live in the lower half */

/*
 * Frames that uk_plat_direct_map() needs at most for a piece that ends at the next GiB: two tables
 * of each level if it straddles a boundary. In small memory no piece straddles one of 512 GiB.
 */
#define RESERVE_MAX   6
#define RESERVE_SMALL 4
#define SMALL         (64UL << 20)

UK_WEAK uintptr_t uk_plat_direct_base UK_RO_AFTER_INIT_ZERO;

static uint64_t *root UK_RO_AFTER_INIT_ZERO;

/* Writes an entry that was not there. Another CPU that sees it sees what was written before to where it leads. */
static inline void pte_publish(uint64_t *e, uint64_t new)
{
#ifdef CONFIG_SMP
	__atomic_store_n(e, new, __ATOMIC_RELEASE);
#else
	*e = new;
#endif
}

#include "pte.h" /* entries, and what is known of the CPU's */

#ifndef PT_BROADCAST
/* 1: a CPU can have the others forget pages without interrupting them: pt_forget_everywhere(). */
#define PT_BROADCAST 0
#endif

#ifndef pte_sized
/* `flags` for a page of a size, `ps` being PTE_LARGE or 0; a large page's entry as it is for the first small one in it. */
#define pte_sized(flags, ps) ((flags) | (ps))
#define pte_small(e)         ((e) & ~(uint64_t)PTE_LARGE)

/* Changes an entry, which the CPU may be using; `resized`: it covers the same in another way. */
#define pte_write(e, new, va, resized) pte_publish(e, new)
#endif

static const struct uk_plat_frames *source UK_RO_AFTER_INIT_ZERO;

#ifdef CONFIG_PLAT_SPACES
static uint64_t *in_use[UK_CPUS];    /* root of the CPU's current space; NULL: `root` */
#define current (in_use[uk_cpu()])   /* who changes page tables has interrupts masked */
static struct uk_plat_space *spaces; /* all but the first */
static uk_paddr_t first;             /* frame of `root` */
#endif

static uk_paddr_t pool; /* the image's own frames ... */
static size_t pool_len;
static uintptr_t pool_va; /* ... and where they are seen */
static size_t pool_left;  /* bytes of them, from its beginning, that have never been taken */

/*
 * Other frames for tables, zeroed. The direct map grows with ukpage's lock held, other tables go with
 * ukvmem's, so they have a lock of their own. Interrupts are masked with several CPUs.
 */
static uk_paddr_t reserve[64];
static unsigned nreserve;
static struct uk_spinlock reserve_lock;

enum op { MAP, UNMAP, PROTECT };

/* The entries for an address, at all levels from the root down to the one that was asked for. */
struct path {
	uint64_t *e[ROOT + 1];
};

static inline unsigned index_of(uk_vaddr_t va, unsigned level)
{
	return va >> (UK_PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static uint64_t *frame_at(uk_paddr_t frame)
{
	return frame - pool < pool_len ? (uint64_t *)(pool_va + (frame - pool))
				       : uk_plat_phys_to_virt(frame);
}

/*
 * The root's entry for an address. The kernel's part is written in the first root only, which counts
 * its entries; the others have copies (see share()).
 */
static inline uint64_t *top(uk_vaddr_t va)
{
#ifdef CONFIG_PLAT_SPACES
	/* In this order: the kernel's part is mapped before there is data per CPU. */
	if (va < UK_VA_AREAS_END && current)
		return current + index_of(va, ROOT);
#endif
	return root + index_of(va, ROOT);
}

/* The root's entry for an address of the kernel's part came or went: all spaces are told. */
static inline void share(uk_vaddr_t va UK_UNUSED, uint64_t entry UK_UNUSED)
{
#ifdef CONFIG_PLAT_SPACES
	for (struct uk_plat_space *s = spaces; s && va >= UK_VA_AREAS_END; s = s->next)
		frame_at(s->root)[index_of(va, ROOT)] = entry;
#endif
}

static inline uint64_t *entry_in(uint64_t table, uk_vaddr_t va, unsigned level)
{
	return frame_at(pte_frame(table)) + index_of(va, level);
}

void uk_arch_pt_init(uint64_t *root_table, uk_paddr_t first, unsigned n, bool has_nx)
{
	root = root_table;
	pte_init(has_nx);
	pool = pool_va = first;
	pool_len = pool_left = n * UK_PAGE_SIZE;
}

void uk_arch_pt_moved(uintptr_t offset)
{
	root = (uint64_t *)((uintptr_t)root + offset);
	pool_va += offset;
}

void uk_arch_pt_set_frames(const struct uk_plat_frames *frames)
{
	source = frames;
}

/*
 * A zeroed frame for a table, 0 if there is none. Before ukpage is there all come from the reserve.
 */
static uk_paddr_t table_alloc(bool direct)
{
	uk_paddr_t frame;

	if (source && !direct)
		return source->alloc();
	uk_spin_acquire(&reserve_lock);
	if (pool_left)
		frame = pool + (pool_left -= UK_PAGE_SIZE);
	else
		frame = nreserve ? reserve[--nreserve] : 0;
	uk_spin_release(&reserve_lock);
	return frame;
}

uk_paddr_t uk_arch_frame_alloc(void)
{
	return source ? source->alloc() : 0;
}

/* An empty table, which is therefore zeroed. */
static void table_free(uk_paddr_t frame)
{
	if (frame - pool < pool_len) {
		uk_spin_acquire(&reserve_lock);
		reserve[nreserve++] = frame;
		uk_spin_release(&reserve_lock);
	} else if (source) {
		source->free(frame);
	}
}

/*
 * What other CPUs remember of mappings has to be forgotten before a frame can have another use. One
 * walk tells them once, at its end: the range from the first page that has changed to the last, and
 * the tables that it dropped. Those wait in a list until then, linked through their first entry: an
 * address is no present entry, so whoever still looks there finds nothing.
 */
struct stale {
#ifdef CONFIG_SMP
	uk_vaddr_t start, end;
	uk_paddr_t tables;
#endif
};

#ifdef CONFIG_SMP
#define NOTHING_STALE                                                                              \
	{                                                                                          \
		.start = VA_END                                                                    \
	}
#define FEW (32 * UK_PAGE_SIZE) /* up to this page by page */

#if PT_BROADCAST
static inline void tell_others(const struct stale *s)
{
	if (s->start < s->end)
		pt_forget_everywhere(s->start, s->end, FEW);
}
#else
/*
 * A CPU that idles need not be woken up: it touches nothing that changes here, and forgets all
 * before it does. IDLE_STALE: it has to. (But for tables that are dropped: a CPU may look into them
 * ahead of time, and mark in what they are by then that it did.)
 */
enum { STARTING, RUNNING, IDLE, IDLE_STALE };

static struct {
	uint32_t state;
} UK_CPU_ALIGNED watch[UK_CPUS];

static void forget_all(void)
{
	pt_forget_all();
}

void uk_arch_tlb_idle(bool idle)
{
	uint32_t *state = &watch[uk_cpu()].state;

	/* What changed while a CPU started, before it was counted, nobody told it. */
	if (__atomic_exchange_n(state, idle ? IDLE : RUNNING, __ATOMIC_SEQ_CST) ==
	    (idle ? STARTING : IDLE_STALE))
		forget_all();
}

/* Will the CPU forget by itself, before it looks at any page again? */
static bool is_idle(uint32_t cpu)
{
	uint32_t was = IDLE;

	/* A locked instruction: what has changed in the tables is seen by whoever wakes up after it. */
	return __atomic_compare_exchange_n(&watch[cpu].state, &was, IDLE_STALE, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
	       was == IDLE_STALE;
}

static void forget(void *arg)
{
	const struct stale *s = arg;

	if (s->end - s->start > FEW)
		forget_all();
	else
		for (uk_vaddr_t va = s->start; va < s->end; va += UK_PAGE_SIZE)
			pt_forget(va);
}

/* Of the CPUs but this one, those that have to be asked. */
static struct uk_cpuset busy_cpus(uint32_t n)
{
	struct uk_cpuset busy = { 0 };
	uint32_t self = uk_cpu();

	for (uint32_t i = 0; i < n; i++)
		if (i != self && !is_idle(i))
			uk_cpuset_add(&busy, i);
	return busy;
}

static void tell_others(struct stale *s)
{
	uint32_t n = uk_smp_cpus(); /* 1 early in boot, when there is no number of a CPU yet */

	if (n > 1 && s->tables) {
		uk_smp_call(NULL, forget, s);
	} else if (n > 1 && s->start < s->end) {
		struct uk_cpuset busy = busy_cpus(n);

		if (!uk_cpuset_empty(&busy))
			uk_smp_call(&busy, forget, s);
	}
}
#endif

static void shoot_down(struct stale *s)
{
	uk_paddr_t table, next;

	tell_others(s);
	for (table = s->tables; table; table = next) {
		next = *frame_at(table);
		*frame_at(table) = 0;
		table_free(table);
	}
}

static inline void note_stale(struct stale *s, uk_vaddr_t va, size_t size)
{
	if (!PT_BROADCAST)
		pt_forget(va); /* this CPU's entry goes at once */
	s->start = UK_MIN(s->start, va);
	s->end = UK_MAX(s->end, va + size);
}

/*
 * Is there nothing that others must forget? If an entry allows more than before, a CPU that does not
 * know faults, and ukvmem finds that all is well.
 */
static inline bool allows_more(uint64_t old, uint64_t new, uk_vaddr_t va)
{
	return pte_allows_more(old, new) && va < UK_VA_AREAS_END;
}

/* The CPUs remember not only pages, but also the tables on the way to them. */
static void drop_table(struct stale *s, uk_paddr_t table, uk_vaddr_t va)
{
	note_stale(s, va, UK_PAGE_SIZE);
	*frame_at(table) = s->tables;
	s->tables = table;
}
#else
#define NOTHING_STALE                                                                              \
	{                                                                                          \
	}

static inline void shoot_down(struct stale *s UK_UNUSED)
{
}

static inline void note_stale(struct stale *s UK_UNUSED, uk_vaddr_t va, size_t size UK_UNUSED)
{
	pt_forget(va);
}

static inline bool allows_more(uint64_t old UK_UNUSED, uint64_t new UK_UNUSED,
			       uk_vaddr_t va UK_UNUSED)
{
	return false;
}

/* The CPU remembers not only pages, but also the tables on the way to them. */
static void drop_table(struct stale *s UK_UNUSED, uk_paddr_t table, uk_vaddr_t va)
{
	pt_forget(va);
	table_free(table);
}
#endif

/* Note that `n` more (or fewer) entries are in use in the table at `level` on the path to va. */
static void count(const struct path *p, uk_vaddr_t va, unsigned level, long n, struct stale *s)
{
	for (; level < ROOT && n; level++) {
		uint64_t *e = p->e[level + 1];
		uk_paddr_t table = pte_frame(*e);

		if (pte_count(e, n, p->e[level]))
			break;
		*e = 0;
		if (level + 1 == ROOT)
			share(va, 0);
		drop_table(s, table, va);
		n = -1;
	}
}

/* Make the entry at `level` point to a new, empty table. */
static int table_add(const struct path *p, uk_vaddr_t va, unsigned level, bool direct,
		     struct stale *s)
{
	uk_paddr_t frame = table_alloc(direct);

	if (!frame)
		return -ENOMEM;
	pte_publish(p->e[level], pte_table(frame));
	if (level == ROOT)
		share(va, pte_table(frame));
	count(p, va, level, 1, s);
	return 0;
}

/* Replace the 2 MiB page *e by a table of 4 KiB pages. */
static int split(uint64_t *e, uk_vaddr_t va, struct stale *s)
{
	uk_paddr_t frame = table_alloc(false);
	uint64_t small = pte_small(*e);
	uint64_t *t;

	if (!frame)
		return -ENOMEM;
	t = frame_at(frame);
	for (unsigned i = 0; i < ENTRIES; i++)
		t[i] = small + i * pte_of(UK_PAGE_SIZE);
	pte_write(e, pte_full_table(frame), va, true);
	note_stale(s, va, UK_PAGE_SIZE);
	return 0;
}

/*
 * Write `n` entries for pages of `size` bytes from va on: `first`, and each more by `step`. Returns
 * the change in the number of entries in use.
 */
static long fill(uint64_t *e, size_t n, uk_vaddr_t va, size_t size, uint64_t first, uint64_t step,
		 struct stale *s)
{
	long used = first ? (long)n : 0;

	for (size_t i = 0; i < n; i++, first += step) {
		uint64_t old = e[i];

		pte_write(&e[i], first, va + i * size, false);
		if (!old)
			continue;
		used--;
		if (!(old & PTE_PRESENT))
			continue;
		if (allows_more(old, first, va))
			pt_forget(va + i * size);
		else
			note_stale(s, va + i * size, size);
	}
	return used;
}

static void protect(uint64_t *e, size_t n, uk_vaddr_t va, size_t size, uint64_t flags,
		    struct stale *s)
{
	for (; n--; e++, va += size)
		if (*e)
			fill(e, 1, va, size, pte_of(pte_frame(*e)) | flags, 0, s);
}

/* How many of the entries from va on in one table are in [va, end). */
static size_t in_table(uk_vaddr_t va, uk_vaddr_t end)
{
	return UK_MIN((end - va) >> UK_PAGE_SHIFT,
		      ENTRIES - ((va >> UK_PAGE_SHIFT) & (ENTRIES - 1)));
}

/*
 * Go down to the entry that is to be written for va: of a page table, or of a page directory for a
 * large page. For UNMAP and PROTECT it may be a hole, at any level.
 */
static int descend(struct path *p, enum op op, uk_vaddr_t va, uk_vaddr_t end, uk_paddr_t pa,
		   bool direct, unsigned *level, struct stale *s)
{
	bool large = !((va | (op == MAP ? pa : 0)) & (LARGE - 1)) && end - va >= LARGE;
	uint64_t *e = top(va);
	unsigned l;
	int rc;

	for (l = ROOT;; e = entry_in(*e, va, --l)) {
		bool leaf = l == 1 && pte_is_large(*e);

		p->e[l] = e;
		*level = l;
		if (!l || (l == 1 && large && (leaf || (op == MAP && !*e))) || (!*e && op != MAP))
			return 0;
		rc = leaf ? split(e, va, s) : *e ? 0 : table_add(p, va, l, direct, s);
		if (rc)
			return rc;
	}
}

static int walk(enum op op, uk_vaddr_t va, size_t len, uk_paddr_t pa, uint64_t flags, bool direct)
{
	uk_vaddr_t end = va + len;
	struct stale s = NOTHING_STALE;
	int rc = 0;

	while (va < end) {
		struct path p;
		unsigned level;
		uint64_t *e, ps;
		size_t n;

		rc = descend(&p, op, va, end, pa, direct, &level, &s);
		if (rc)
			break;
		e = p.e[level];
		n = level ? 1 : in_table(va, end);
		ps = level ? PTE_LARGE : 0;
		if (op == MAP) {
			count(&p, va, level,
			      fill(e, n, va, SIZE(level), pte_sized(pte_of(pa) | flags, ps),
				   pte_of(SIZE(level)), &s),
			      &s);
			pa += n * SIZE(level);
		} else if (op == PROTECT && (!level || pte_is_large(*e))) {
			protect(e, n, va, SIZE(level), pte_sized(flags, ps), &s);
		} else if (op == UNMAP && (!level || pte_is_large(*e))) {
			count(&p, va, level, fill(e, n, va, SIZE(level), 0, 0, &s), &s);
		}
		va = UK_ALIGN_DOWN(va, SIZE(level)) + n * SIZE(level);
	}
	if (op == MAP)
		pt_added_some();
	shoot_down(&s);
	return rc;
}

static bool bad_range(uk_vaddr_t va, uint64_t other, size_t len)
{
	return ((va | other | len) & UK_PAGE_MASK) || va >= VA_END || len > VA_END - va;
}

static bool bad_prot(unsigned prot)
{
	return (prot & (UK_PROT_WRITE | UK_PROT_EXEC | UK_PROT_WX)) ==
	       (UK_PROT_WRITE | UK_PROT_EXEC);
}

/*
 * The short way, of page faults and of boot: n pages in one table that is there, with nothing in their places. False: take
 * the long one.
 */
static UK_ALWAYS_INLINE bool map_few(uk_vaddr_t va, size_t n, uint64_t entry)
{
	uint64_t *e = top(va), *leaf;

	for (unsigned level = ROOT; level > 1; level--) {
		if (UK_UNLIKELY(!*e))
			return false;
		e = entry_in(*e, va, level - 1);
	}
	if (UK_UNLIKELY(!*e || pte_is_large(*e)))
		return false;
	leaf = entry_in(*e, va, 0);
	for (size_t i = 0; i < n; i++)
		if (UK_UNLIKELY(leaf[i]))
			return false;
	for (size_t i = 0; i < n; i++, entry += pte_of(UK_PAGE_SIZE))
		pte_publish(&leaf[i], entry);
	pte_count(e, (long)n, leaf);
	if (n == 1)
		pt_added(va);
	else
		pt_added_some();
	return true;
}

int uk_arch_pt_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	uint64_t flags;

	if (bad_range(va, pa, len))
		return -EINVAL;
	if (bad_prot(prot))
		return -EACCES;
	flags = pte_flags(prot);
#ifndef CONFIG_OPTIMIZE_SIZE
	if (len && (va ^ (va + len - 1)) < LARGE &&
	    map_few(va, len >> UK_PAGE_SHIFT, pte_of(pa) | flags))
		return 0;
#endif
	return walk(MAP, va, len, pa, flags, false);
}

int uk_arch_pt_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot)
{
	if (UK_LIKELY(!bad_range(va, pa, UK_PAGE_SIZE) && !bad_prot(prot)) &&
	    map_few(va, 1, pte_of(pa) | pte_flags(prot)))
		return 0;
	return uk_plat_map(va, pa, UK_PAGE_SIZE, prot);
}

int uk_arch_pt_unmap(uk_vaddr_t va, size_t len)
{
	return bad_range(va, 0, len) ? -EINVAL : walk(UNMAP, va, len, 0, 0, false);
}

int uk_arch_pt_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	if (bad_range(va, 0, len))
		return -EINVAL;
	return bad_prot(prot) ? -EACCES : walk(PROTECT, va, len, 0, pte_flags(prot), false);
}

int uk_arch_pt_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	unsigned level = ROOT;
	uint64_t e;

	if (va >= VA_END)
		return -EFAULT;
	for (e = *top(va); e; e = *entry_in(e, va, --level))
		if (!level || (level == 1 && pte_is_large(e)))
			break;
	if (!e)
		return -EFAULT;
	*pa = pte_frame(e) + (va & (SIZE(level) - 1));
	if (prot)
		*prot = pte_prot(e);
	return 0;
}

/* The entry that maps va, or is the hole in which it lies, and its level. */
static inline uint64_t *entry_of(uk_vaddr_t va, unsigned *level)
{
	uint64_t *e = top(va);
	unsigned l = ROOT;

	while (*e && l && !(l == 1 && pte_is_large(*e)))
		e = entry_in(*e, va, --l);
	*level = l;
	return e;
}

size_t uk_arch_pt_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	size_t len = UK_PAGE_SIZE;
	unsigned level;
	uint64_t *e = entry_of(va, &level);

	*pa = *e ? pte_frame(*e) + (va & (SIZE(level) - 1)) : 0;
	if (level)
		return UK_MIN(SIZE(level) - (va & (SIZE(level) - 1)), max);
	/* In a page table: as far as its entries go on in the same way. */
	while (len < max && ((uintptr_t)++e & UK_PAGE_MASK) &&
	       (*pa ? *e && pte_frame(*e) == *pa + len : !*e))
		len += UK_PAGE_SIZE;
	return len;
}

#ifdef CONFIG_WHOLE_STACKS
UK_WEAK bool uk_plat_whole_stacks;
#endif

/* ---- memory on demand is not ours to give: ukvmem does it, with faults ---- */

UK_WEAK const bool uk_plat_demand = false;

UK_WEAK int uk_plat_map_demand(uk_vaddr_t va UK_UNUSED, size_t len UK_UNUSED,
			       unsigned prot UK_UNUSED)
{
	return -ENOSYS;
}

UK_WEAK int uk_plat_discard(uk_vaddr_t va UK_UNUSED, size_t len UK_UNUSED)
{
	return -ENOSYS;
}

UK_WEAK int uk_plat_populate(uk_vaddr_t va UK_UNUSED, size_t len UK_UNUSED, bool write UK_UNUSED)
{
	return -ENOSYS;
}

UK_WEAK bool uk_plat_resident(uk_vaddr_t va)
{
	uk_paddr_t pa;

	return !uk_plat_lookup(va, &pa, NULL);
}

/* By runs of frames that adjoin and have one protection. */
int uk_arch_pt_move(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	size_t n, at;

	for (at = 0; at < len; at += n) {
		unsigned level;
		uint64_t *e = entry_of(from + at, &level), flags;
		uk_paddr_t pa;
		int rc;

		n = uk_plat_lookup_run(from + at, len - at, &pa);
		if (!pa)
			continue;
		flags = pte_flags_of(*e);
		for (size_t k = UK_PAGE_SIZE; !level && k < n; k += UK_PAGE_SIZE)
			if ((*++e ^ flags) & PTE_PROT_MASK)
				n = k;
		rc = walk(MAP, to + at, n, pa, flags, false);
		if (rc) {
			uk_plat_unmap(to, len);
			return rc;
		}
	}
	return uk_plat_unmap(from, len);
}

int uk_arch_pt_direct_map(uk_paddr_t pa, size_t len)
{
	unsigned want = len >= SMALL ? RESERVE_MAX : RESERVE_SMALL;
	uk_paddr_t end = pa + len, taken = pa;

	for (uk_paddr_t at = pa, next; at < end; at = next) {
		int rc;

		next = UK_MIN(UK_ALIGN_DOWN(at, GIB) + GIB, end);
		rc = walk(MAP, uk_plat_direct_base + at, next - at, at,
			  pte_flags(UK_PROT_READ | UK_PROT_WRITE), true);
		if (rc)
			return rc;
		uk_spin_acquire(&reserve_lock);
		for (; pool_left / UK_PAGE_SIZE + nreserve < want && (taken - pa) * 4 < len &&
		       taken < next;
		     taken += UK_PAGE_SIZE) {
			memset(uk_plat_phys_to_virt(taken), 0, UK_PAGE_SIZE);
			reserve[nreserve++] = taken;
		}
		uk_spin_release(&reserve_lock);
	}
	return (int)((taken - pa) / UK_PAGE_SIZE);
}

static void *map_boot(uk_vaddr_t base, uk_paddr_t pa, size_t len, size_t unit)
{
	uk_paddr_t start = UK_ALIGN_DOWN(pa, unit);

	if (!len || pa >= UK_VA_BOOT_LEN || len > UK_VA_BOOT_LEN - pa ||
	    walk(MAP, base + start, UK_ALIGN_UP(pa + len, unit) - start, start,
		 pte_flags(UK_PROT_READ), false))
		return NULL;
	return (void *)(base + pa);
}

static void unmap_boot(const void *va, size_t len, size_t unit)
{
	uk_vaddr_t start = UK_ALIGN_DOWN((uk_vaddr_t)va, unit);

	walk(UNMAP, start, UK_ALIGN_UP((uk_vaddr_t)va + len, unit) - start, 0, 0, false);
}

void *uk_arch_boot_map(uk_paddr_t pa, size_t len)
{
	return map_boot(UK_VA_BOOT, pa, len, LARGE);
}

void uk_arch_boot_unmap(const void *va, size_t len)
{
	unmap_boot(va, len, LARGE);
}

void *uk_arch_pt_map_boot(uk_paddr_t pa, size_t len)
{
	return map_boot(UK_VA_KEPT, pa, len, UK_PAGE_SIZE);
}

void uk_arch_pt_unmap_boot(const void *va, size_t len)
{
	unmap_boot(va, len, UK_PAGE_SIZE);
}

#ifdef CONFIG_PLAT_SPACES
/* ---- several address spaces ---- */

int uk_arch_pt_space_create(struct uk_plat_space *s)
{
	const unsigned kernel = index_of(UK_VA_AREAS_END, ROOT);

	if (!spaces)
		first = pt_root();
	s->root = table_alloc(false);
	if (!s->root)
		return -ENOMEM;
	memcpy(frame_at(s->root) + kernel, root + kernel, (ENTRIES - kernel) * sizeof(*root));
	s->next = spaces;
	spaces = s;
	return 0;
}

void uk_arch_pt_space_destroy(struct uk_plat_space *s)
{
	struct uk_plat_space **link = &spaces;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	table_free(s->root);
}

void uk_arch_pt_space_switch(const struct uk_plat_space *s)
{
	current = s ? frame_at(s->root) : NULL;
	pt_set_root(s ? s->root : first); /* no page is global: the TLB forgets all */
}
#endif

/* ---- what a platform may have in place of these, or choose from when it boots ---- */

#define MAY_REPLACE(name)                                                                          \
	__typeof__(uk_arch_pt_##name) uk_plat_##name UK_WEAK                                       \
		__attribute__((__alias__("uk_arch_pt_" #name)))

MAY_REPLACE(set_frames);
MAY_REPLACE(direct_map);
MAY_REPLACE(map);
MAY_REPLACE(map_page);
MAY_REPLACE(unmap);
MAY_REPLACE(protect);
MAY_REPLACE(lookup);
MAY_REPLACE(lookup_run);
MAY_REPLACE(move);
MAY_REPLACE(map_boot);
MAY_REPLACE(unmap_boot);
#ifdef CONFIG_PLAT_SPACES
MAY_REPLACE(space_create);
MAY_REPLACE(space_destroy);
MAY_REPLACE(space_switch);
#endif
