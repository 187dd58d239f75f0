/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mmap and its family: what happens to the set of areas and to the pages below it.
 *
 * Each call first makes sure that nothing can fail half-way: nodes for areas that will be split
 * are put in reserve, and large pages at the ends of the range are split. What remains that can
 * fail is taking frames, and that is undone. Frames are taken without asking others for memory as
 * long as the lock is held; the calls at the end of this file do that between two tries.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/string.h>
#include "vmem.h"

/* Where somebody may ask to be placed: above the NULL pages, below the direct map. */
#define FIXED_START (4UL << 20)
#define FIXED_END   UK_VA_AREAS_END

/*
 * Areas that an operation may add, and what is kept for it: more before something is mapped, so
 * that unmapping, which is how memory comes back, finds some when there is no frame left.
 */
#define NODES_UNMAP 4
#define NODES_MAP   16

#define PROT_MASK (UK_VMEM_READ | UK_VMEM_WRITE | UK_VMEM_EXEC)

struct uk_spinlock vmem_lock;

static struct space space;

/* ---- checks ---- */

static bool bad_prot(unsigned prot)
{
#ifndef CONFIG_LIBUKVMEM_WX
	if ((prot & (UK_VMEM_WRITE | UK_VMEM_EXEC)) == (UK_VMEM_WRITE | UK_VMEM_EXEC))
		return true;
#endif
	return false;
}

static bool is_none(unsigned prot)
{
	return !(prot & PROT_MASK);
}

/* What the page tables are to have for it. */
static unsigned plat_prot(unsigned prot)
{
	prot &= PROT_MASK;
	if ((prot & (UK_VMEM_WRITE | UK_VMEM_EXEC)) == (UK_VMEM_WRITE | UK_VMEM_EXEC))
		prot |= UK_PROT_WX;
	return prot;
}

static size_t round_up(size_t len)
{
	return UK_ALIGN_UP(len, UK_PAGE_SIZE); /* 0 if that overflows */
}

/* Is [va, va + len), len rounded, a range that an application may name? */
static bool bad_range(uk_vaddr_t va, size_t len)
{
	return va & UK_PAGE_MASK || !len || va < FIXED_START || va >= FIXED_END ||
	       len > FIXED_END - va;
}

static bool is_free(uk_vaddr_t va, size_t len)
{
	struct area *a = area_at(&space, va);

	return !a || a->start >= va + len;
}

/* Do areas cover the range without a hole? */
static bool is_covered(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	struct area *a;

	for (; va < end; va = a->end) {
		a = area_at(&space, va);
		if (!a || a->start > va)
			return false;
	}
	return true;
}

/* ---- preparations ---- */

/* Splits the large page that va lies inside of, if there is one, so that one side may change. */
static int split_large(uk_vaddr_t va)
{
	struct area *a = area_at(&space, va);
	unsigned prot;
	uk_paddr_t pa;

	if (!(va & (LARGE_PAGE - 1)) || !a || a->start >= va || a->end - a->start < LARGE_PAGE)
		return 0;
	if (uk_plat_lookup(va, &pa, &prot))
		return 0;
	return uk_plat_protect(va, UK_PAGE_SIZE, plat_prot(prot));
}

/* Before changing [va, va + len): then area_extract() and the page tables cannot fail there. */
static int prepare(uk_vaddr_t va, size_t len)
{
	int err;

	if (!area_reserve(NODES_UNMAP))
		return -ENOMEM;
	err = split_large(va);
	return err ? err : split_large(va + len);
}

static void add(uk_vaddr_t va, size_t len, unsigned prot)
{
	area_add(&space, va, va + len, prot, true);
}

/* ---- operations, with the lock held and arguments checked ---- */

static void free_area(struct area *a, void *arg UK_UNUSED)
{
	area_free(a);
}

static void depopulate_area(struct area *a, void *arg UK_UNUSED)
{
	if (!(a->prot & AREA_BARE))
		vmem_depopulate(a->start, a->end - a->start);
	area_free(a);
}

static int unmap(uk_vaddr_t va, size_t len)
{
	struct area *tree;
	int err = prepare(va, len);

	if (err)
		return err;
	tree = area_extract(&space, va, va + len);
	area_walk(tree, depopulate_area, NULL);
	return 0;
}

static uk_vaddr_t choose(uk_vaddr_t hint, size_t len)
{
	uk_vaddr_t va = 0;

	hint = UK_ALIGN_DOWN(hint, UK_PAGE_SIZE);
	if (hint && !bad_range(hint, len) && is_free(hint, len))
		return hint;
	if (len >= LARGE_PAGE)
		va = area_room(&space, len, LARGE_PAGE);
	return va ? va : area_room(&space, len, UK_PAGE_SIZE);
}

/*
 * Keeps the page tables near the base in being: a program that maps and unmaps one thing after the
 * other would make and drop three tables each time. The entry allows nothing; it is no area, and
 * nobody is placed there.
 */
static void anchor(void)
{
	static bool done;

	if (!done)
		uk_plat_map(space.base - UK_PAGE_SIZE, area_frame(), UK_PAGE_SIZE, UK_PROT_NONE);
	done = true;
}

static long map(uk_vaddr_t va, size_t len, unsigned prot, unsigned flags)
{
	int err = area_reserve(NODES_MAP) ? 0 : -ENOMEM;

	if (err)
		return err;
	anchor();
	if (flags & UK_VMEM_NOREPLACE) {
		if (!is_free(va, len))
			return -EEXIST;
	} else if (flags & UK_VMEM_FIXED) {
		err = is_free(va, len) ? 0 : unmap(va, len);
		if (err)
			return err;
	} else {
		va = choose(va, len);
		if (!va)
			return -ENOSPC;
	}
	if (prot == UK_VMEM_NONE) {
		prot = AREA_BARE;
	} else {
		err = vmem_fill(va, len, plat_prot(prot), true);
		if (err) {
			vmem_depopulate(va, len);
			return err;
		}
	}
	add(va, len, prot);
	return (long)va;
}

struct protect {
	unsigned prot;
	int err;
};

/* What was only reserved gets its frames now. */
static void protect_area(struct area *a, void *arg)
{
	struct protect *p = arg;
	size_t len = a->end - a->start;

	if (p->err)
		return;
	if (p->prot == UK_VMEM_NONE || !is_none(a->prot))
		p->err = uk_plat_protect(a->start, len, plat_prot(p->prot));
	else if (a->prot & AREA_BARE)
		p->err = vmem_fill(a->start, len, plat_prot(p->prot), true);
	else
		p->err = vmem_populate(a->start, len, plat_prot(p->prot));
}

/* Undoes that. */
static void restore_area(struct area *a, void *arg UK_UNUSED)
{
	uk_vaddr_t start = a->start;
	size_t len = a->end - start;
	unsigned prot = a->prot;

	if (prot & AREA_BARE)
		vmem_depopulate(start, len);
	else
		uk_plat_protect(start, len, plat_prot(prot));
	area_free(a); /* add() takes one */
	add(start, len, prot);
}

static int protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	struct protect p = { .prot = prot };
	struct area *tree;
	int err = prepare(va, len);

	if (err)
		return err;
	if (!is_covered(va, len))
		return -ENOSPC;
	tree = area_extract(&space, va, va + len);
	area_walk(tree, protect_area, &p);
	if (p.err) {
		area_walk(tree, restore_area, NULL);
		return p.err;
	}
	area_walk(tree, free_area, NULL);
	add(va, len, prot);
	return 0;
}

/* Moves the frames of a range to free addresses. */
static int move(uk_vaddr_t from, uk_vaddr_t to, size_t len, unsigned prot)
{
	uk_paddr_t pa;
	size_t n, at;
	int err = 0;

	for (at = 0; at < len && !err; at += n) {
		n = uk_plat_lookup_run(from + at, len - at, &pa);
		if (pa != UK_PAGE_NONE)
			err = uk_plat_map(to + at, pa, n, plat_prot(prot));
	}
	uk_plat_unmap(err ? to : from, len);
	return err;
}

static long remap(uk_vaddr_t va, size_t old, size_t new, unsigned flags, uk_vaddr_t to)
{
	struct area *a = area_at(&space, va);
	unsigned prot;
	long ret;

	if (!a || a->start > va || a->end < va + old)
		return -EFAULT;
	prot = a->prot;
	if (new < old) {
		ret = unmap(va + new, old - new);
		if (ret)
			return ret;
		old = new;
	}
	if (flags & UK_VMEM_FIXED) {
		ret = unmap(to, new);
		if (ret)
			return ret;
	} else {
		if (new == old)
			return (long)va;
		if (!bad_range(va, new) && is_free(va + old, new - old)) {
			ret = map(va + old, new - old, prot & PROT_MASK, UK_VMEM_FIXED);
			return ret < 0 ? ret : (long)va;
		}
		to = flags & UK_VMEM_MAYMOVE ? choose(0, new) : 0;
		if (!to)
			return -ENOSPC;
	}
	ret = prepare(va, old);
	if (ret)
		return ret;
	/* First what is new, since that may fail; then move the rest. */
	if (!is_none(prot))
		ret = vmem_fill(to + old, new - old, plat_prot(prot), true);
	if (!ret && !(prot & AREA_BARE))
		ret = move(va, to, old, prot);
	if (ret) {
		vmem_depopulate(to + old, new - old);
		return ret;
	}
	area_free(area_extract(&space, va, va + old));
	add(to, new, prot);
	return (long)to;
}

static int discard(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	struct area *a;
	uk_paddr_t pa;
	size_t n;
	int err;

	if (!is_covered(va, len))
		return -ENOSPC;
	for (; va < end; va += n) {
		a = area_at(&space, va);
		n = UK_MIN(a->end, end) - va;
		if (is_none(a->prot)) {
			err = prepare(va, n);
			if (!err && !(a->prot & AREA_BARE))
				err = vmem_depopulate(va, n);
			if (err)
				return err;
		} else {
			n = uk_plat_lookup_run(va, n, &pa);
			memset(uk_page_to_virt(pa), 0, n);
		}
	}
	return 0;
}

/* ---- interface ---- */

/*
 * Evaluates `call` with the lock held; if there are no frames, asks others for some and tries
 * again. Inside, -ENOSPC is what more frames do not help against: no room, or a hole.
 */
#define WITH_FRAMES(call)                                                                          \
	({                                                                                         \
		__typeof__(call) ret_;                                                             \
		do {                                                                               \
			uk_spin_lock(&vmem_lock);                                                  \
			ret_ = (call);                                                             \
			uk_spin_unlock(&vmem_lock);                                                \
		} while (ret_ == -ENOMEM && uk_page_shrink());                                     \
		ret_ == -ENOSPC ? -ENOMEM : ret_;                                                  \
	})

void *uk_vmem_map_anon(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags)
{
	size_t bytes = round_up(len);

	if (!len || prot & ~PROT_MASK)
		return uk_err_ptr(-EINVAL);
	if (bad_prot(prot))
		return uk_err_ptr(-EACCES);
	if (flags & (UK_VMEM_FIXED | UK_VMEM_NOREPLACE) && hint & UK_PAGE_MASK)
		return uk_err_ptr(-EINVAL);
	if (flags & (UK_VMEM_FIXED | UK_VMEM_NOREPLACE) ? bad_range(hint, bytes) : !bytes)
		return uk_err_ptr(-ENOMEM);
	if (uk_fault(UK_FAULT_AREA))
		return uk_err_ptr(-ENOMEM);
	return uk_err_ptr(WITH_FRAMES(map(hint, bytes, prot, flags)));
}

int uk_vmem_unmap(uk_vaddr_t va, size_t len)
{
	len = round_up(len);
	if (bad_range(va, len))
		return -EINVAL;
	return WITH_FRAMES(unmap(va, len));
}

int uk_vmem_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	if (va & UK_PAGE_MASK || prot & ~PROT_MASK)
		return -EINVAL;
	if (bad_prot(prot))
		return -EACCES;
	if (!len)
		return 0;
	len = round_up(len);
	if (bad_range(va, len))
		return -ENOMEM;
	return WITH_FRAMES(protect(va, len, prot));
}

void *uk_vmem_remap(uk_vaddr_t va, size_t old_len, size_t new_len, unsigned flags,
		    uk_vaddr_t new_va)
{
	size_t old = round_up(old_len), new = round_up(new_len);

	if (bad_range(va, old) || !new)
		return uk_err_ptr(-EINVAL);
	if (flags & UK_VMEM_FIXED &&
	    (bad_range(new_va, new) || (new_va < va + old && va < new_va + new)))
		return uk_err_ptr(-EINVAL);
	if (uk_fault(UK_FAULT_AREA))
		return uk_err_ptr(-ENOMEM);
	return uk_err_ptr(WITH_FRAMES(remap(va, old, new, flags, new_va)));
}

int uk_vmem_discard(uk_vaddr_t va, size_t len)
{
	if (va & UK_PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	len = round_up(len);
	if (bad_range(va, len))
		return -ENOMEM;
	return WITH_FRAMES(discard(va, len));
}

int uk_vmem_find(uk_vaddr_t va, struct uk_vmem_area *area)
{
	struct area *a;

	uk_spin_lock(&vmem_lock);
	a = area_at(&space, va);
	if (a)
		*area = (struct uk_vmem_area){ .start = a->start,
					       .end = a->end,
					       .prot = a->prot & PROT_MASK };
	uk_spin_unlock(&vmem_lock);
	return a ? 0 : -ENOENT;
}

void uk_vmem_stats(struct uk_vmem_stats *st)
{
	uk_spin_lock(&vmem_lock);
	*st = (struct uk_vmem_stats){
		.mapped = space.mapped,
		.populated = vmem_populated,
		.areas = space.areas,
	};
	uk_spin_unlock(&vmem_lock);
}

void space_init(struct space *s, uk_vaddr_t start, uk_vaddr_t end, uk_vaddr_t from, uk_vaddr_t to)
{
	uint32_t r = 0;

#ifdef CONFIG_HARDEN_ASLR
	uk_plat_entropy(&r, sizeof(r));
#endif
	*s = (struct space){ .start = start, .end = end };
	s->base = from + r % ((to - from) / UK_PAGE_SIZE) * UK_PAGE_SIZE;
}

static int vmem_init(void)
{
	/* 2^29 places, and far enough above 0xc000000000, which Go's heap wants for itself. */
	space_init(&space, UK_VA_AREAS, UK_VA_AREAS_END, UK_VA_AREAS + (1UL << 40),
		   UK_VA_AREAS + (3UL << 40));
	return 0;
}

UK_INIT(UK_INIT_EARLY, "2", vmem_init, NULL);
