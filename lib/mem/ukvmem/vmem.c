/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mmap and its family: what happens to the set of areas and to the pages below it.
 *
 * Each call first makes sure that nothing can fail half-way: nodes for areas that will be split
 * are put in reserve, and large pages at the ends of the range are split. Memory is no part of
 * that: pages get theirs when they are touched (fault.c). What can still fail is a page table, and
 * frames for those who populate; these are taken without asking others for memory as long as the
 * lock is held; the calls at the end of this file do that between two tries.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/fault.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/sanitize.h>
#include <uk/string.h>
#include "vmem.h"

static bool is_strict;

static int set_overcommit(const char *value)
{
	is_strict = value && *value == '2';
	return value && (*value == '1' || *value == '2') && !value[1] ? 0 : -EINVAL;
}

UK_PARAM_FN(vmem, overcommit, set_overcommit,
	    "1: promise memory without end; 2: refuse beyond what there is");

/*
 * Areas that an operation may add, and what is kept for it: more before something is mapped, so
 * that unmapping, which is how memory comes back, finds some when there is no frame left.
 */
#define NODES_UNMAP 4
#define NODES_MAP   16

#define PROT_MASK (UK_VMEM_READ | UK_VMEM_WRITE | UK_VMEM_EXEC)

struct uk_spinlock vmem_lock;
#ifdef CONFIG_LIBUKBASE_ASSERT
bool vmem_locked;
#endif

#ifdef CONFIG_SMP
uint64_t vmem_changes;
#endif

#ifndef CONFIG_LIBUKVMEM_SPACES
struct space vmem_areas;
#endif

/* ---- checks ---- */

static bool bad_prot(unsigned prot)
{
#ifndef CONFIG_LIBUKVMEM_WX
	if ((prot & (UK_VMEM_WRITE | UK_VMEM_EXEC)) == (UK_VMEM_WRITE | UK_VMEM_EXEC))
		return true;
#endif
	return false;
}

unsigned vmem_hw_prot(unsigned prot)
{
	if ((prot & (UK_VMEM_WRITE | UK_VMEM_EXEC)) == (UK_VMEM_WRITE | UK_VMEM_EXEC))
		prot |= UK_PROT_WX;
	return prot;
}

/* What the page tables may have before anybody writes: see object.c. */
static unsigned first_prot(const struct what *w)
{
	return vmem_hw_prot(w->obj ? w->prot & ~UK_VMEM_WRITE : w->prot);
}

static size_t round_up(size_t len)
{
	return UK_ALIGN_UP(len, UK_PAGE_SIZE); /* 0 if that overflows */
}

/* Is [va, va + len), len rounded, a range that an application may name? */
static bool bad_range(uk_vaddr_t va, size_t len)
{
	return va & UK_PAGE_MASK || !len || va < UK_VMEM_FIXED_START || va >= UK_VMEM_FIXED_END ||
	       len > UK_VMEM_FIXED_END - va;
}

static bool is_free(uk_vaddr_t va, size_t len)
{
	struct area *a = area_at(&vmem_areas, va);

	return !a || a->start >= va + len;
}

/* Do areas cover the range without a hole? */
static bool is_covered(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	struct area *a;

	for (; va < end; va = a->end) {
		a = area_at(&vmem_areas, va);
		if (!a || a->start > va)
			return false;
	}
	return true;
}

/* ---- strict accounting ---- */

/* Counted is what somebody may write to without anybody else seeing it. */
static bool is_counted(const struct what *w)
{
	return w->prot & UK_VMEM_WRITE && !(w->flags & (AREA_SHARED | AREA_NORESERVE));
}

static void count_area(struct area *a, void *sum)
{
	if (is_counted(&a->what))
		*(size_t *)sum += a->end - a->start;
}

/* With vmem.overcommit=2: is there memory for `len` more bytes, if everybody used what they have? */
static bool may_promise(size_t len, const struct what *w)
{
	struct uk_page_stats st;
	size_t promised = 0;

	UK_TABLE_KEEP(uk_param_vmem_overcommit);
	if (!is_strict || !is_counted(w))
		return true;
	uk_page_stats(&st);
	vmem_walk_all(count_area, &promised);
	promised += st.total - st.free - vmem_populated;
	return promised < st.total && len <= st.total - promised;
}

/* ---- preparations ---- */

/* Splits the large page that va lies inside of, if there is one, so that one side may change. */
static int split_large(uk_vaddr_t va)
{
	struct area *a = area_at(&vmem_areas, va);
	unsigned prot;
	uk_paddr_t pa;

	if (!(va & (LARGE_PAGE - 1)) || !a || a->start >= va || a->end - a->start < LARGE_PAGE ||
	    uk_plat_demand)
		return 0;
	if (uk_plat_lookup(va, &pa, &prot))
		return 0;
	return uk_plat_protect(va, UK_PAGE_SIZE, vmem_hw_prot(prot));
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

/* ---- operations, with the lock held and arguments checked ---- */

static void depopulate_area(struct area *a, void *arg UK_UNUSED)
{
	vmem_depopulate(a->start, a->end - a->start, a->what.obj != NULL);
	area_free(a);
}

static int unmap(uk_vaddr_t va, size_t len)
{
	struct area *tree;
	int err = prepare(va, len);

	if (err)
		return err;
	tree = area_extract(&vmem_areas, va, va + len);
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
		va = area_room(&vmem_areas, len, LARGE_PAGE);
	return va ? va : area_room(&vmem_areas, len, UK_PAGE_SIZE);
}

/*
 * Keeps the page tables near the base in being: a program that maps and unmaps one thing after the
 * other would make and drop three tables each time. The entry allows nothing; it is no area, and
 * nobody is placed there.
 */
static void anchor(void)
{
	if (!vmem_areas.anchored && !uk_plat_demand)
		uk_plat_map(vmem_areas.base - UK_PAGE_SIZE, area_frame(), UK_PAGE_SIZE,
			    UK_PROT_NONE);
	vmem_areas.anchored = true;
}

/* Takes over the reference to the object if it succeeds. */
static long map(uk_vaddr_t va, size_t len, unsigned flags, const struct what *w)
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
	if (!may_promise(len, w))
		return -ENOSPC;
	if (on_demand(w))
		err = uk_plat_map_demand(va, len, vmem_hw_prot(w->prot));
	if (!err && flags & UK_VMEM_POPULATE && !w->obj)
		err = vmem_fill(va, len, vmem_hw_prot(w->prot), true);
	if (err) {
		vmem_depopulate(va, len, false);
		return err;
	}
	area_add(&vmem_areas, va, va + len, w, true);
	return (long)va;
}

/* Is the whole range mapped, and may it be so? */
static int may_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	uk_vaddr_t end = va + len;
	struct what w;
	struct area *a;
	size_t more = 0;

	for (; va < end; va = a->end) {
		a = area_at(&vmem_areas, va);
		if (!a || a->start > va)
			return -ENOSPC;
		if (prot & UK_VMEM_WRITE && a->what.flags & AREA_READ_ONLY)
			return -EACCES;
		w = a->what;
		w.prot = prot;
		if (!is_counted(&a->what) && is_counted(&w))
			more += UK_MIN(a->end, end) - va;
	}
	w = (struct what){ .prot = prot };
	return !more || may_promise(more, &w) ? 0 : -ENOSPC;
}

struct protect {
	unsigned prot;
	int err;
};

static void protect_area(struct area *a, void *arg)
{
	struct protect *p = arg;
	unsigned old = a->what.prot;

	a->what.prot = p->prot;
	if (!p->err)
		p->err = uk_plat_protect(a->start, a->end - a->start, first_prot(&a->what));
	if (p->err)
		a->what.prot = old;
	area_put_back(&vmem_areas, a);
}

static int protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	struct protect p = { .prot = prot };
	int err = prepare(va, len);

	if (!err)
		err = may_protect(va, len, prot);
	if (err)
		return err;
	area_walk(area_extract(&vmem_areas, va, va + len), protect_area, &p);
	return p.err;
}

/* The area part moves to free addresses `to`, and grows there if `new` is longer. */
static UK_COLD int move(struct area *a, uk_vaddr_t va, size_t old, uk_vaddr_t to, size_t new,
			bool stays)
{
	struct what w = a->what;
	int err = prepare(va, old);

	if (err)
		return err;
	a = area_at(&vmem_areas, va);
	if (w.obj)
		w.offset += va - a->start;
	/* First what is new, since that may fail; then move the rest. */
	if (on_demand(&w) && new > old)
		err = uk_plat_map_demand(to + old, new - old, vmem_hw_prot(w.prot));
	if (!err)
		err = uk_plat_move(va, to, old);
	if (!err && stays && on_demand(&w))
		err = uk_plat_map_demand(va, old, vmem_hw_prot(w.prot));
	if (err) {
		vmem_depopulate(to + old, new - old, false);
		return err;
	}
	if (w.obj)
		object_get(w.obj);
	if (!stays)
		area_free(area_extract(&vmem_areas, va, va + old));
	area_add(&vmem_areas, to, to + new, &w, true);
	return 0;
}

static long remap(uk_vaddr_t va, size_t old, size_t new, unsigned flags, uk_vaddr_t to)
{
	struct area *a = area_at(&vmem_areas, va);
	struct what w;
	long ret;

	if (!a || a->start > va || a->end < va + old)
		return -EFAULT;
	w = a->what;
	if (flags & UK_VMEM_DONTUNMAP && w.obj)
		return -EINVAL;
	if (new > old && !may_promise(new - old, &w))
		return -ENOSPC;
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
		if (new == old && !(flags & UK_VMEM_DONTUNMAP))
			return (long)va;
		if (new > old && !bad_range(va, new) && is_free(va + old, new - old)) {
			if (w.obj) {
				w.offset += va + old - a->start;
				object_get(w.obj);
			}
			ret = map(va + old, new - old, UK_VMEM_FIXED, &w);
			if (ret < 0 && w.obj)
				object_drop(w.obj);
			return ret < 0 ? ret : (long)va;
		}
		to = flags & UK_VMEM_MAYMOVE ? choose(0, new) : 0;
		if (!to)
			return -ENOSPC;
	}
	a = area_at(&vmem_areas, va);
	ret = move(a, va, old, to, new, flags & UK_VMEM_DONTUNMAP);
	return ret ? ret : (long)to;
}

static int discard(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	struct area *a;
	size_t n;
	int err;

	if (!is_covered(va, len))
		return -ENOSPC;
	for (; va < end; va += n) {
		a = area_at(&vmem_areas, va);
		n = UK_MIN(a->end, end) - va;
		if (on_demand(&a->what)) {
			err = uk_plat_discard(va, n);
		} else {
			a->expect = 0;
			err = prepare(va, n);
			if (!err)
				err = vmem_depopulate(va, n, a->what.obj != NULL);
		}
		if (err)
			return err;
	}
	return 0;
}

struct mark {
	unsigned flag;
	bool on;
};

static void mark_area(struct area *a, void *arg)
{
	const struct mark *m = arg;

	a->what.flags = m->on ? a->what.flags | m->flag : a->what.flags & ~m->flag;
	area_put_back(&vmem_areas, a);
}

static int mark(uk_vaddr_t va, size_t len, unsigned flag, bool on)
{
	struct mark m = { .flag = flag, .on = on };

	if (!is_covered(va, len))
		return -ENOSPC;
	if (!area_reserve(NODES_UNMAP))
		return -ENOMEM;
	area_walk(area_extract(&vmem_areas, va, va + len), mark_area, &m);
	return 0;
}

/*
 * Populates the first area of the range: how many bytes that was, or an error. Objects and hosts are
 * asked without the lock.
 */
static long populate_first(uk_vaddr_t va, size_t len, bool write)
{
	bool was = vmem_enter();
	struct area *a = area_at(&vmem_areas, va);
	struct what w;
	size_t n;
	int err;

	if (!a || a->start > va || !a->what.prot) {
		vmem_leave(was);
		return -ENOSPC;
	}
	w = a->what;
	n = UK_MIN(a->end - va, len);
	err = w.obj || on_demand(&w) ? 0 : vmem_populate(va, n, vmem_hw_prot(w.prot));
	vmem_leave(was);
	if (w.obj)
		err = vmem_fault_range(va, n, write && w.prot & UK_VMEM_WRITE);
	else if (on_demand(&w))
		err = uk_plat_populate(va, n, w.prot & UK_VMEM_WRITE);
	return err ? err : (long)n;
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
			bool was_ = vmem_enter_to_change();                                        \
			ret_ = (call);                                                             \
			vmem_leave(was_);                                                          \
			object_bury();                                                             \
		} while (ret_ == -ENOMEM && uk_page_shrink());                                     \
		ret_ == -ENOSPC ? -ENOMEM : ret_;                                                  \
	})

/* What a stack left here must not stand in the way of whoever is next. */
static inline void *opened(void *p, size_t len)
{
	if (!uk_is_err(p))
		uk_sanitize_open(p, len);
	return p;
}

static const struct uk_vmem_backing anonymous;

static struct what what_of(unsigned prot, unsigned flags, const struct uk_vmem_backing *b)
{
	return (struct what){
		.prot = (uint8_t)prot,
		.kind = (uint8_t)b->kind,
		.flags = (uint16_t)((flags & UK_VMEM_SHARED && b->obj ? AREA_SHARED : 0) |
				    (flags & UK_VMEM_READ_ONLY ? AREA_READ_ONLY : 0) |
				    (flags & UK_VMEM_NORESERVE ? AREA_NORESERVE : 0) |
				    (flags & UK_VMEM_LOCKED ? AREA_LOCKED : 0) |
				    (flags & UK_VMEM_HUGE ? AREA_HUGE : 0) |
				    (flags & UK_VMEM_POPULATE && uk_plat_demand ? AREA_FRAMES : 0)),
		.name = b->name,
		.obj = b->obj,
		.offset = b->offset,
	};
}

void *uk_vmem_map(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags,
		  const struct uk_vmem_backing *backing)
{
	struct what w = what_of(prot, flags, backing ? backing : &anonymous);
	size_t bytes = round_up(len);
	long va;
	int err;

	if (!len || prot & ~PROT_MASK || w.offset & UK_PAGE_MASK)
		return uk_err_ptr(-EINVAL);
	if (bad_prot(prot) || (prot & UK_VMEM_WRITE && flags & UK_VMEM_READ_ONLY))
		return uk_err_ptr(-EACCES);
	if (flags & (UK_VMEM_FIXED | UK_VMEM_NOREPLACE) && hint & UK_PAGE_MASK)
		return uk_err_ptr(-EINVAL);
	if (flags & (UK_VMEM_FIXED | UK_VMEM_NOREPLACE) ? bad_range(hint, bytes) : !bytes)
		return uk_err_ptr(-ENOMEM);
	if (uk_fault(UK_FAULT_AREA))
		return uk_err_ptr(-ENOMEM);
	if (w.obj)
		object_get(w.obj);
	va = WITH_FRAMES(map(hint, bytes, flags, &w));
	if (UK_UNLIKELY(va < 0)) {
		if (w.obj)
			uk_vmem_object_put(w.obj);
	} else if (flags & UK_VMEM_POPULATE && w.obj) {
		err = uk_vmem_populate((uk_vaddr_t)va, bytes, true);
		if (err) {
			uk_vmem_unmap((uk_vaddr_t)va, bytes);
			va = err;
		}
	}
	return opened(uk_err_ptr(va), bytes);
}

void *uk_vmem_map_anon(uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags)
{
	return uk_vmem_map(hint, len, prot, flags, NULL);
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

UK_COLD void *uk_vmem_remap(uk_vaddr_t va, size_t old_len, size_t new_len, unsigned flags,
			    uk_vaddr_t new_va)
{
	size_t old = round_up(old_len), new = round_up(new_len);

	if (bad_range(va, old) || !new)
		return uk_err_ptr(-EINVAL);
	if (flags & UK_VMEM_DONTUNMAP && (old != new || !(flags & UK_VMEM_MAYMOVE)))
		return uk_err_ptr(-EINVAL);
	if (flags & UK_VMEM_FIXED &&
	    (bad_range(new_va, new) || (new_va < va + old && va < new_va + new)))
		return uk_err_ptr(-EINVAL);
	if (uk_fault(UK_FAULT_AREA))
		return uk_err_ptr(-ENOMEM);
	return opened(uk_err_ptr(WITH_FRAMES(remap(va, old, new, flags, new_va))), new);
}

/* Of those who change what is there: 0, or the answer, which is 0 for an empty range. */
static int check_range(uk_vaddr_t va, size_t *len, int *answer)
{
	*answer = va & UK_PAGE_MASK ? -EINVAL : 0;
	if (*answer || !*len)
		return 1;
	*len = round_up(*len);
	if (bad_range(va, *len))
		*answer = -ENOMEM;
	return *answer;
}

int uk_vmem_discard(uk_vaddr_t va, size_t len)
{
	int answer;

	return check_range(va, &len, &answer) ? answer : WITH_FRAMES(discard(va, len));
}

int uk_vmem_advise_huge(uk_vaddr_t va, size_t len, bool huge)
{
	int answer;

	return check_range(va, &len, &answer) ? answer
					      : WITH_FRAMES(mark(va, len, AREA_HUGE, huge));
}

int uk_vmem_lock(uk_vaddr_t va, size_t len, bool lock)
{
	int answer;

	return check_range(va, &len, &answer) ? answer
					      : WITH_FRAMES(mark(va, len, AREA_LOCKED, lock));
}

UK_COLD int uk_vmem_populate(uk_vaddr_t va, size_t len, bool write)
{
	uk_vaddr_t end;
	long n = 0;

	if (va & UK_PAGE_MASK)
		return -EINVAL;
	len = round_up(len);
	if (len && bad_range(va, len))
		return -ENOMEM;
	for (end = va + len; va < end; va += (size_t)n) {
		do
			n = populate_first(va, end - va, write);
		while (n == -ENOMEM && uk_page_shrink());
		if (n < 0)
			return n == -ENOSPC ? -ENOMEM : (int)n;
	}
	return 0;
}

bool uk_vmem_resident(uk_vaddr_t va)
{
	struct uk_vmem_area a;
	bool was, resident;

	if (uk_vmem_find(va, &a) || a.start > va)
		return false;
	was = vmem_enter(); /* other CPUs may drop the page tables that it looks into */
	resident = uk_plat_resident(va);
	vmem_leave(was);
	return resident;
}

int uk_vmem_peek(uk_vaddr_t va, struct uk_vmem_area *area)
{
	const struct area *a = area_at(space_of(va), va);

	if (!a && va < UK_VA_STACKS)
		a = area_at(&vmem_stacks, va);
	if (!a)
		return -ENOENT;
	*area = (struct uk_vmem_area){ .start = a->start,
				       .end = a->end,
				       .prot = a->what.prot,
				       .kind = a->what.kind == UK_VMEM_ANON && !a->what.prot
						       ? UK_VMEM_RESERVED
						       : a->what.kind,
				       .shared = a->what.flags & AREA_SHARED,
				       .locked = a->what.flags & AREA_LOCKED,
				       .name = a->what.name,
				       .obj = a->what.obj,
				       .offset = a->what.offset };
	return 0;
}

void uk_vmem_stats(struct uk_vmem_stats *st)
{
	bool was = vmem_enter();

	*st = (struct uk_vmem_stats){
		.mapped = vmem_areas.mapped,
		.populated = vmem_populated,
		.areas = vmem_areas.areas,
	};
	vmem_leave(was);
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

void vmem_window(struct space *s)
{
	space_init(s, UK_VA_AREAS, UK_VA_AREAS_END, UK_VA_AREAS_RANDOM, UK_VA_AREAS_RANDOM_END);
}

#ifdef CONFIG_LIBUKVMEM_SPACES
void vmem_clear(struct space *s)
{
	area_walk(s->root, depopulate_area, NULL);
	uk_plat_unmap(s->base - UK_PAGE_SIZE, UK_PAGE_SIZE); /* the anchor */
	s->root = NULL;
}
#endif

static int vmem_init(void)
{
	vmem_window(&vmem_areas);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "2", vmem_init, NULL);
