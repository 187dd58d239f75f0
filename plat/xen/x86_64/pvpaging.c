/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of a PV domain (Xen public/xen.h, mmu_update and mmuext_op).
 *
 * The processor uses our tables as they are, with machine frames in them. So Xen counts how each frame is used: what is a page
 * table may be mapped nowhere for writing, and entries change by calls, which are gathered. "Physical" addresses are ours
 * alone: the list that the builder left (p2m) has the machine frame of each, and Xen has a list for the other direction
 * (m2p). All pages have 4 KiB.
 *
 * Where tables come from: at first the image's pool, then, for the direct map of what the builder left, memory behind
 * that. Until we change over to them, they are filled with plain stores, at their physical addresses. Later ones come from ukpage,
 * through the direct map; the direct map's own from the range that is brought in, as in arch/common/paging.c.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/pte.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>

#include "pvpaging.h"

#define ADDR_MASK 0x000ffffffffff000UL
#define SOFT_NONE 0x200UL /* bit 9: a page of UK_PROT_NONE, which keeps its frame */
#define SOFT_MACHINE                                                                               \
	0x400UL /* bit 10: the frame is none of ours: a device's, or another domain's */
#define TABLE       (X86_PTE_P | X86_PTE_W | X86_PTE_A)
#define ENTRIES     512UL
#define ROOT        3U
#define SIZE(level) (UK_PAGE_SIZE << (9 * (level)))
#define VA_END      (1UL << 47)

struct pv_tables pvt;
static const struct uk_plat_frames *source UK_RO_AFTER_INIT_ZERO;
static struct uk_spinlock reserve_lock;

#define m2p ((const uint64_t *)MACH2PHYS_VIRT_START)

uint64_t pv_mfn(uk_paddr_t pa)
{
	uint64_t pfn = pa >> UK_PAGE_SHIFT;

	return pfn < pvt.npages ? pvt.p2m[pfn] : ~0UL;
}

uk_paddr_t pv_paddr(uint64_t mfn)
{
	uint64_t pfn;

	if (mfn >= (MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) / sizeof(*m2p))
		return 0;
	pfn = m2p[mfn];
	return pfn < pvt.npages && pvt.p2m[pfn] == mfn ? pfn << UK_PAGE_SHIFT : 0;
}

static inline unsigned index_of(uk_vaddr_t va, unsigned level)
{
	return va >> (UK_PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static uint64_t *frame_at(uk_paddr_t frame)
{
	if (!pvt.live)
		return (uint64_t *)frame;
	return frame - pvt.pool < pvt.pool_len ? (uint64_t *)(pvt.pool_va + (frame - pvt.pool))
					       : uk_plat_phys_to_virt(frame);
}

/* The frame of the table that an entry of a higher level points to. */
static uk_paddr_t table_of(uint64_t entry)
{
	return pv_paddr((entry & ADDR_MASK) >> UK_PAGE_SHIFT);
}

/* ---- changes, gathered ---- */

#define BATCH 32

struct batch {
	unsigned n, changed; /* requests; how many present entries they change */
	uk_vaddr_t va;       /* the last of those */
	struct mmu_update req[BATCH];
};

void pv_mmuext(unsigned cmd, uint64_t arg)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.linear_addr = arg;
	xen_must(uk_xen_call(__HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, DOMID_SELF), A_CHANGE);
}

#ifdef CONFIG_SMP
#define FLUSH_ALL MMUEXT_TLB_FLUSH_ALL
#define FLUSH_ONE MMUEXT_INVLPG_ALL
#define UVMF_ONE  (UVMF_INVLPG | UVMF_ALL)
#else
#define FLUSH_ALL MMUEXT_TLB_FLUSH_LOCAL
#define FLUSH_ONE MMUEXT_INVLPG_LOCAL
#define UVMF_ONE  (UVMF_INVLPG | UVMF_LOCAL)
#endif

static void send(struct batch *b)
{
	if (b->n)
		xen_must(uk_xen_call(__HYPERVISOR_mmu_update, (uintptr_t)b->req, b->n, 0,
				     DOMID_SELF),
			 A_CHANGE);
	b->n = 0;
}

static void finish(struct batch *b)
{
	send(b);
	if (b->changed == 1)
		pv_mmuext(FLUSH_ONE, b->va);
	else if (b->changed)
		pv_mmuext(FLUSH_ALL, 0);
	b->changed = 0;
}

static void set(struct batch *b, uk_paddr_t table, unsigned index, uint64_t entry)
{
	if (!pvt.live) {
		frame_at(table)[index] = entry;
		return;
	}
	if (b->n == BATCH)
		send(b);
	b->req[b->n].ptr = pv_machine(table) + index * sizeof(uint64_t);
	b->req[b->n++].val = entry;
}

/* The entry of a page that has a table, and need not wait for others. */
long pv_set_now(uk_vaddr_t va, uint64_t entry, unsigned how)
{
	return uk_xen_call(__HYPERVISOR_update_va_mapping, va, entry, how, 0);
}

/* ---- tables ---- */

void pv_reserve(uk_paddr_t frame)
{
	uk_spin_acquire(&reserve_lock);
	if (pvt.nreserve < UK_ARRAY_SIZE(pvt.reserve))
		pvt.reserve[pvt.nreserve++] = frame;
	uk_spin_release(&reserve_lock);
}

static uk_paddr_t reserve_take(void)
{
	uk_paddr_t frame;

	uk_spin_acquire(&reserve_lock);
	frame = pvt.nreserve ? pvt.reserve[--pvt.nreserve] : 0;
	uk_spin_release(&reserve_lock);
	return frame;
}

/* Can the frame be written to at its place in the direct map? */
static void direct_set(uk_paddr_t frame, bool writable)
{
	xen_must(pv_set_now((uintptr_t)uk_plat_phys_to_virt(frame),
			    pv_machine(frame) | X86_PTE_P | X86_PTE_A | pvt.nx |
				    (writable ? X86_PTE_W | X86_PTE_D : 0),
			    UVMF_ONE),
		 A_CHANGE);
}

void pv_direct_unmap(uk_paddr_t frame)
{
	xen_must(pv_set_now((uintptr_t)uk_plat_phys_to_virt(frame), 0, UVMF_ONE),
		 "to unmap a frame");
}

void pv_direct_remap(uk_paddr_t frame)
{
	direct_set(frame, true);
}

uint64_t pv_npages(void)
{
	return pvt.npages;
}

void pv_set_mfn(uk_paddr_t frame, uint64_t mfn)
{
	UK_WRITE_ONCE(pvt.p2m[frame >> UK_PAGE_SHIFT], mfn);
}

/* A zeroed frame that is mapped nowhere for writing, 0 if there is none. */
static uk_paddr_t table_alloc(bool direct)
{
	uk_paddr_t frame;

	if (!source || direct)
		return reserve_take();
	frame = source->alloc();
	if (frame)
		direct_set(frame, false);
	return frame;
}

/* An empty table that nothing points to any more. */
static void table_free(uk_paddr_t frame)
{
	bool early = frame >= pvt.early_start && frame < pvt.early_end;

	if (!early && frame - pvt.pool >= pvt.pool_len && source) {
		direct_set(frame, true);
		source->free(frame);
		return;
	}
	pv_reserve(frame);
}

/* The tables on the way to an address, by level: their frames. And where the last one's entries can be read. */
struct path {
	uk_paddr_t frame[ROOT + 1];
	const uint64_t
		*leaf; /* NULL: it is new, so all are 0; its frame may be mapped nowhere yet */
};

/* Goes down to the last table for va. False if there is none, or, `add` being set (with `b`), no frame for one. */
static bool descend(struct path *p, struct batch *b, uk_vaddr_t va, bool add, bool direct)
{
	const uint64_t *t = pvt.root;

	p->frame[ROOT] = pvt.root_pa;
	for (unsigned level = ROOT; level; level--) {
		unsigned i = index_of(va, level);
		uk_paddr_t frame;

		if (t && t[i] & X86_PTE_P) {
			frame = table_of(t[i]);
			t = frame_at(frame);
		} else {
			frame = add ? table_alloc(direct) : 0;
			if (!frame)
				return false;
			set(b, p->frame[level], i, pv_machine(frame) | TABLE);
			t = NULL;
		}
		p->frame[level - 1] = frame;
	}
	p->leaf = t;
	return true;
}

static bool is_empty(const uint64_t *t)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (t[i])
			return false;
	return true;
}

/* Gives back the tables for va that have become empty. */
static void drop_empty(struct batch *b, uk_vaddr_t va, const struct path *p)
{
	for (unsigned l = 0; l < ROOT && is_empty(frame_at(p->frame[l])); l++) {
		set(b, p->frame[l + 1], index_of(va, l + 1), 0);
		b->changed += 2; /* the processor remembers tables as well */
		finish(b);
		table_free(p->frame[l]);
	}
}

/* ---- mapping ---- */

static uint64_t flags_of(unsigned prot)
{
	uint64_t f = X86_PTE_P | X86_PTE_A;

	if (!(prot & (UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC)))
		return SOFT_NONE;
	if (prot & UK_PROT_WRITE)
		f |= X86_PTE_W | X86_PTE_D;
	if (!(prot & UK_PROT_EXEC))
		f |= pvt.nx;
	if (prot & UK_PROT_DEVICE)
		f |= X86_PTE_PCD | X86_PTE_PWT | SOFT_MACHINE;
	return f;
}

/* Is the frame a page table of the first ones, which nobody may write to? */
static inline bool is_early_table(uk_paddr_t pa)
{
	return pa == pvt.root_pa || pa - pvt.pool < pvt.pool_len ||
	       (pa >= pvt.early_start && pa < pvt.early_end);
}

/* An entry that is not present has our address of the frame: that stays true when the domain moves to another machine. */
static uint64_t entry_for(uk_paddr_t pa, uint64_t flags)
{
	if (flags & SOFT_MACHINE || !(flags & X86_PTE_P))
		return pa | flags;
	if (is_early_table(pa))
		flags &= ~(uint64_t)(X86_PTE_W | X86_PTE_D);
	return pv_machine(pa) | flags;
}

/* The same frame with other flags. */
static uint64_t entry_with(uint64_t old, uint64_t flags)
{
	uint64_t at = old & ADDR_MASK;

	if (old & SOFT_MACHINE || (old & X86_PTE_P && !pv_paddr(at >> UK_PAGE_SHIFT)))
		return at | flags | SOFT_MACHINE;
	return entry_for(old & X86_PTE_P ? pv_paddr(at >> UK_PAGE_SHIFT) : at, flags);
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

/* Xen adds flags of its own to what we write. */
#define COMPARED                                                                                   \
	(ADDR_MASK | pvt.nx | X86_PTE_P | X86_PTE_W | X86_PTE_PCD | SOFT_NONE | SOFT_MACHINE)

static void change(struct batch *b, const struct path *p, uk_vaddr_t va, uint64_t old,
		   uint64_t entry)
{
	if (!((old ^ entry) & COMPARED))
		return;
	if (old & X86_PTE_P) {
		b->changed++;
		b->va = va;
	}
	set(b, p->frame[0], index_of(va, 0), entry);
}

/* Where the part of [va, end) ends that is in the same table. */
static inline uk_vaddr_t table_end(uk_vaddr_t va, uk_vaddr_t end)
{
	return UK_MIN(UK_ALIGN_DOWN(va, SIZE(1)) + SIZE(1), end);
}

/* Maps frames from pa on; or, not `map`, gives pages that are mapped other flags. */
static int walk(bool map, uk_vaddr_t va, size_t len, uk_paddr_t pa, uint64_t flags, bool direct)
{
	uk_vaddr_t end = va + len, next;
	struct batch b;
	struct path p;
	int rc = 0;

	b.n = b.changed = 0;
	for (; va < end && !rc; pa += next - va, va = next) {
		next = table_end(va, end);
		if (!descend(&p, &b, va, map, direct)) {
			rc = map ? -ENOMEM : 0;
			continue;
		}
		for (uk_vaddr_t at = va; at < next; at += UK_PAGE_SIZE) {
			uint64_t old = p.leaf ? p.leaf[index_of(at, 0)] : 0;

			if (map)
				change(&b, &p, at, old, entry_for(pa + (at - va), flags));
			else if (old)
				change(&b, &p, at, old, entry_with(old, flags));
		}
		send(&b);
	}
	finish(&b);
	return rc;
}

static int checked_walk(bool map, uk_vaddr_t va, size_t len, uk_paddr_t pa, unsigned prot)
{
	if (bad_range(va, pa, len))
		return -EINVAL;
	return bad_prot(prot) ? -EACCES : walk(map, va, len, pa, flags_of(prot), false);
}

int pv_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	return checked_walk(true, va, len, pa, prot);
}

int pv_unmap(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len, next;
	struct batch b;
	struct path p;

	if (bad_range(va, 0, len))
		return -EINVAL;
	b.n = b.changed = 0;
	for (; va < end; va = next) {
		next = table_end(va, end);
		if (!descend(&p, &b, va, false, false))
			continue;
		for (uk_vaddr_t at = va; at < next; at += UK_PAGE_SIZE)
			change(&b, &p, at, p.leaf[index_of(at, 0)], 0);
		send(&b);
		drop_empty(&b, va, &p);
	}
	finish(&b);
	return 0;
}

int pv_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	return checked_walk(false, va, len, 0, prot);
}

/* The entry for va; 0 and the level at which there is none. */
static uint64_t entry_of(uk_vaddr_t va, unsigned *level)
{
	const uint64_t *t = pvt.root;

	for (unsigned l = ROOT;; l--) {
		uint64_t e = t[index_of(va, l)];

		*level = l;
		if (!l || !(e & X86_PTE_P))
			return l ? 0 : e;
		t = frame_at(table_of(e));
	}
}

static uk_paddr_t frame_in(uint64_t e)
{
	uint64_t at = e & ADDR_MASK;

	return e & SOFT_MACHINE || !(e & X86_PTE_P) ? at : pv_paddr(at >> UK_PAGE_SHIFT);
}

int pv_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	struct path p;
	uint64_t e;

	if (va >= VA_END || !descend(&p, NULL, va, false, false))
		return -EFAULT;
	e = p.leaf[index_of(va, 0)];
	if (!e)
		return -EFAULT;
	*pa = frame_in(e) + (va & UK_PAGE_MASK);
	if (prot)
		*prot = !(e & X86_PTE_P) ? UK_PROT_NONE
					 : UK_PROT_READ | (e & X86_PTE_W ? UK_PROT_WRITE : 0) |
						   (e & X86_PTE_NX ? 0 : UK_PROT_EXEC) |
						   (e & X86_PTE_PCD ? UK_PROT_DEVICE : 0);
	return 0;
}

size_t pv_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	size_t len = UK_PAGE_SIZE;
	unsigned level, l;
	uint64_t e = entry_of(va, &level);

	*pa = e ? frame_in(e) : 0;
	if (level)
		return UK_MIN(SIZE(level) - (va & (SIZE(level) - 1)), max);
	for (; len < max && (va + len) & (SIZE(1) - 1); len += UK_PAGE_SIZE) {
		uint64_t next = entry_of(va + len, &l);

		if (*pa ? !next || frame_in(next) != *pa + len : next != 0)
			break;
	}
	return len;
}

int pv_move(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	for (size_t at = 0; at < len; at += UK_PAGE_SIZE) {
		unsigned level;
		uint64_t e = entry_of(from + at, &level);
		uint64_t flags = e & (X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D | X86_PTE_PCD |
				      X86_PTE_PWT | pvt.nx | SOFT_NONE | SOFT_MACHINE);

		if (e && walk(true, to + at, UK_PAGE_SIZE, frame_in(e), flags, false)) {
			pv_unmap(to, len);
			return -ENOMEM;
		}
	}
	return pv_unmap(from, len);
}

uk_paddr_t pv_frame_alloc(void)
{
	return source ? source->alloc() : 0;
}

void pv_set_frames(const struct uk_plat_frames *frames)
{
	source = frames;
}

void pv_map_machine(const void *va, uint64_t maddr)
{
	xen_must(pv_set_now((uintptr_t)va,
			    maddr | X86_PTE_P | X86_PTE_W | X86_PTE_A | X86_PTE_D | pvt.nx,
			    UVMF_ONE),
		 "to map a page of its own");
}

/* ---- the direct map ---- */

#define PIECE (64UL << 20) /* 33 tables at most, and some of higher levels */

/* Tables of higher levels that a piece may need: it is in two of each at most. */
#define HIGHER (2 * (ROOT - 1))

/* Makes n frames from `first` on ready to be tables; those below `mapped` are in the direct map already. */
static void take_frames(uk_paddr_t first, size_t n, uk_paddr_t mapped)
{
	while (n--) { /* so that the first is the first to be used */
		uk_paddr_t frame = first + n * UK_PAGE_SIZE;

		pv_mmuext(MMUEXT_CLEAR_PAGE, pv_mfn(frame));
		if (frame < mapped)
			direct_set(frame, false);
		pv_reserve(frame);
	}
}

/*
 * In pieces for which the reserve is large enough; what one does not need of it is for the next. In the first one the frames that become tables are mapped first, and
 * read-only: that makes them visible. They are in use by then.
 */
int pv_direct_map(uk_paddr_t pa, size_t len)
{
	uk_paddr_t end = pa + len, taken = pa, at, next;

	for (at = pa; at < end; at = next) {
		uk_vaddr_t va = uk_plat_direct_base;
		size_t need, take;
		int rc = 0;

		next = UK_MIN(at + PIECE, end);
		need = (next - UK_ALIGN_DOWN(at, SIZE(1)) + SIZE(1) - 1) / SIZE(1) + HIGHER;
		take = need > pvt.nreserve ? need - pvt.nreserve : 0;
		if (take * UK_PAGE_SIZE >= end - taken ||
		    pvt.nreserve + take > UK_ARRAY_SIZE(pvt.reserve))
			return -ENOMEM;
		take_frames(taken, take, at);
		taken += take * UK_PAGE_SIZE;
		if (at == pa && take)
			rc = walk(true, va + at, taken - at, at, flags_of(UK_PROT_READ), true);
		if (at == pa)
			at = taken;
		if (!rc)
			rc = walk(true, va + at, next - at, at,
				  flags_of(UK_PROT_READ | UK_PROT_WRITE), true);
		if (rc)
			return rc;
	}
	return (int)((taken - pa) / UK_PAGE_SIZE);
}

void pv_pt_drop_identity(void)
{
	static struct mmu_update clear;

	clear.ptr = pv_machine(pvt.root_pa);
	xen_must(uk_xen_call(__HYPERVISOR_mmu_update, (uintptr_t)&clear, 1, 0, DOMID_SELF),
		 A_CHANGE);
	pv_mmuext(FLUSH_ALL, 0);
}

uint64_t pv_root(void)
{
	return pv_machine(pvt.root_pa);
}
