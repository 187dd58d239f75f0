/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Areas with something behind them: pages of a file, shared with it or copied when written to.
 *
 * Page tables never allow writing to a page of an object before somebody writes: the fault tells
 * the object of a shared mapping that it changes, and makes the copy of a private one. A page of a
 * private mapping whose frame has one reference is such a copy: the object would hold another.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/string.h>
#include "vmem.h"

static struct uk_vmem_object *dead; /* without references, to be released outside of the lock */

void object_drop(struct uk_vmem_object *obj)
{
	if (__atomic_sub_fetch(&obj->refs, 1, __ATOMIC_ACQ_REL))
		return;
	obj->next = dead;
	dead = obj;
}

void object_bury(void)
{
	struct uk_vmem_object *obj, *next;
	bool was;

	/* Whoever may not block (an allocator that unmaps) leaves them to the next one. */
	if (UK_LIKELY(!UK_READ_ONCE(dead)) || uk_this_cpu_get(preempt_off) || uk_irq_disabled())
		return;
	was = vmem_enter();
	obj = dead;
	dead = NULL;
	vmem_leave(was);
	for (; obj; obj = next) {
		next = obj->next;
		obj->ops->release(obj);
	}
}

void uk_vmem_object_put(struct uk_vmem_object *obj)
{
	bool was = vmem_enter();

	object_drop(obj);
	vmem_leave(was);
	object_bury();
}

static uint64_t index_in(const struct area *a, uk_vaddr_t va)
{
	return (a->what.offset + (va - a->start)) >> UK_PAGE_SHIFT;
}

/* The frame that is mapped at va, or none. */
static uk_paddr_t frame_at(uk_vaddr_t va)
{
	uk_paddr_t pa;

	return uk_plat_lookup(va, &pa, NULL) ? UK_PAGE_NONE : pa;
}

/* In place of a frame of the object, a copy. Gives the reference to the first back. */
static uk_paddr_t copy_of(uk_paddr_t pa)
{
	uk_paddr_t copy = uk_page_alloc(1, UK_PAGE_EASY);

	if (copy != UK_PAGE_NONE)
		memcpy(uk_page_to_virt(copy), uk_page_to_virt(pa), UK_PAGE_SIZE);
	uk_page_unref(pa);
	return copy;
}

/* Puts frame pa in the place of `old`. */
static int install(const struct area *a, uk_vaddr_t va, uk_paddr_t pa, uk_paddr_t old, bool write)
{
	unsigned prot = write ? a->what.prot : a->what.prot & ~UK_VMEM_WRITE;

	if (uk_plat_map_page(va, pa, vmem_hw_prot(prot))) {
		uk_page_unref(pa);
		return -ENOMEM;
	}
	if (old != UK_PAGE_NONE)
		uk_page_unref(old);
	else
		vmem_populated += UK_PAGE_SIZE;
	return 0;
}

/* What is read brings along the other pages of its 64 KiB, if they exist: most files are read on. */
#define AROUND 16U

/* How many pages that is; *start: the first. */
static unsigned pages_around(const struct area *a, uk_vaddr_t va, uk_vaddr_t *start)
{
	uk_vaddr_t block = UK_ALIGN_DOWN(va, AROUND * UK_PAGE_SIZE);

	*start = UK_MAX(block, a->start);
	return (UK_MIN(block + AROUND * UK_PAGE_SIZE, a->end) - *start) >> UK_PAGE_SHIFT;
}

int object_fault(const struct area *a, uk_vaddr_t va, bool write, bool *was)
{
	struct uk_vmem_object *obj = a->what.obj;
	const uint64_t index = index_in(a, va);
	const bool copy = write && !(a->what.flags & AREA_SHARED);
	const uint32_t changes = obj->changes;
	const struct what what = a->what;
	uk_paddr_t old = frame_at(va), pa, frames[AROUND];
	uk_vaddr_t start = va;
	unsigned n = 1, i;
	uk_paddr_t there;
	size_t hole;
	int err;

	if (old != UK_PAGE_NONE && (!write || (copy && uk_page_refs(old) == 1)))
		return uk_plat_protect(va, UK_PAGE_SIZE,
				       vmem_hw_prot(write ? what.prot
							  : what.prot & ~UK_VMEM_WRITE));
	if (!write)
		n = pages_around(a, va, &start);
	object_get(obj);
	vmem_leave(*was);
	err = obj->ops->get(obj, index, write && !copy ? UK_PAGE_GET_WRITE : 0, &pa);
	if (!err && copy) {
		pa = copy_of(pa);
		err = pa == UK_PAGE_NONE ? -ENOMEM : 0;
	}
	for (i = 0; i < n; i++) {
		uint64_t other = index + i - ((va - start) >> UK_PAGE_SHIFT);

		if (err || other == index ||
		    obj->ops->get(obj, other, UK_PAGE_GET_THERE, &frames[i]))
			frames[i] = UK_PAGE_NONE;
	}
	*was = vmem_enter();
	object_drop(obj);
	if (err)
		return err == -ENOMEM ? err : -EIO;
	a = area_at(space_of(va), va);
	if (!a || a->start > start || a->end < start + n * UK_PAGE_SIZE || a->what.obj != obj ||
	    index_in(a, va) != index || a->what.prot != what.prot || a->what.flags != what.flags ||
	    obj->changes != changes || frame_at(va) != old) {
		uk_page_unref(pa);
		err = -EAGAIN;
	}
	hole = uk_plat_lookup_run(start, n * UK_PAGE_SIZE, &there) / UK_PAGE_SIZE;
	if (!err)
		err = install(a, va, pa, old, write);
	for (i = 0; i < n; i++, start += UK_PAGE_SIZE) {
		if (frames[i] == UK_PAGE_NONE)
			continue;
		/* Whoever touched it before has it; if it fails, a touch asks again. */
		if (err || ((i >= hole || there) && frame_at(start) != UK_PAGE_NONE))
			uk_page_unref(frames[i]);
		else
			install(a, start, frames[i], UK_PAGE_NONE, false);
	}
	return err;
}

/* The part of the range that one area has: where it ends, and what its object says. */
static int sync_first(uk_vaddr_t *va, uk_vaddr_t end)
{
	bool was = vmem_enter();
	struct area *a = area_at(&vmem_areas, *va);
	struct uk_vmem_object *obj = NULL;
	uk_vaddr_t from = *va;
	uint64_t first = 0;
	int err = 0;

	if (!a || a->start > from)
		err = -ENOMEM; /* a hole, to be jumped over */
	*va = a ? UK_MIN(err ? a->start : a->end, end) : end;
	if (!err && a->what.flags & AREA_SHARED && a->what.obj->ops->sync) {
		obj = a->what.obj;
		first = index_in(a, from);
		object_get(obj);
	}
	vmem_leave(was);
	if (obj) {
		err = obj->ops->sync(obj, first, (*va - from) >> UK_PAGE_SHIFT);
		uk_vmem_object_put(obj);
	}
	return err;
}

int uk_vmem_sync(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + UK_ALIGN_UP(len, UK_PAGE_SIZE);
	int err, hole = 0, failed = 0;

	if (va & UK_PAGE_MASK)
		return -EINVAL;
	if (end < va)
		return -ENOMEM;
	while (va < end) {
		err = sync_first(&va, end);
		if (err == -ENOMEM)
			hole = err;
		else if (!failed)
			failed = err;
	}
	return failed ? failed : hole;
}

struct zap {
	struct uk_vmem_object *obj;
	uint64_t first, end; /* pages */
	bool copies;
};

static void zap_area(struct area *a, void *arg)
{
	const struct zap *z = arg;
	uint64_t index = a->what.offset >> UK_PAGE_SHIFT;
	uint64_t end = index + ((a->end - a->start) >> UK_PAGE_SHIFT);
	uint64_t from = UK_MAX(index, z->first), to = UK_MIN(end, z->end);

	if (a->what.obj != z->obj || from >= to || (!z->copies && !(a->what.flags & AREA_SHARED)))
		return;
	/* No large page is split: objects are mapped page by page. */
	vmem_depopulate(a->start + ((from - index) << UK_PAGE_SHIFT), (to - from) << UK_PAGE_SHIFT,
			true);
}

void uk_vmem_object_zap(struct uk_vmem_object *obj, uint64_t first, uint64_t n, bool copies)
{
	struct zap z = { .obj = obj,
			 .first = first,
			 .end = n > UINT64_MAX - first ? UINT64_MAX : first + n,
			 .copies = copies };
	bool was = vmem_enter();

	obj->changes++;
	vmem_walk_all(zap_area, &z);
	vmem_leave(was);
}
