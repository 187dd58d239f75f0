/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More than one address space: each has a set of areas and page tables of its own for the window of
 * areas, and shares the kernel's part with all others: image, direct map (so the heap as well), stacks.
 *
 * Page tables are only ever changed in the space that is in use, so whoever has to look into another
 * one goes there for a moment, with the lock held and interrupts off.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include "vmem.h"

static struct uk_vmem_space first;
struct uk_vmem_space *vmem_currents[UK_CPUS] = { [0 ... UK_CPUS - 1] = &first };

static void use(const struct uk_vmem_space *s)
{
	uk_plat_space_switch(s == &first ? NULL : &s->tables);
}

void vmem_walk_all(void (*fn)(struct area *a, void *arg), void *arg)
{
	for (struct uk_vmem_space *s = &first; s; s = s->next) {
		if (!s->areas.root)
			continue;
		if (s != vmem_current)
			use(s);
		area_walk(s->areas.root, fn, arg);
		if (s != vmem_current)
			use(vmem_current);
	}
}

struct uk_vmem_space *uk_vmem_space_create(void)
{
	/* A whole page for it: this library has no heap below it, and the tables take more. */
	uk_paddr_t pa = uk_page_alloc(1, UK_PAGE_ZERO);
	struct uk_vmem_space *s;
	bool was;
	int err;

	if (pa == UK_PAGE_NONE)
		return uk_err_ptr(-ENOMEM);
	s = uk_page_to_virt(pa);
	vmem_window(&s->areas);
	do {
		was = vmem_enter();
		err = uk_plat_space_create(&s->tables);
		if (!err) {
			s->next = first.next;
			first.next = s;
		}
		vmem_leave(was);
	} while (err == -ENOMEM && uk_page_shrink());
	if (!err)
		return s;
	uk_page_free(pa, 1);
	return uk_err_ptr(err);
}

/* By any CPU? */
static bool is_in_use(const struct uk_vmem_space *s)
{
	for (unsigned i = 0; i < UK_CPUS; i++)
		if (vmem_currents[i] == s)
			return true;
	return false;
}

int uk_vmem_space_destroy(struct uk_vmem_space *s)
{
	struct uk_vmem_space **link = &first.next;
	bool was = vmem_enter();

	if (is_in_use(s) || s == &first) {
		vmem_leave(was);
		return -EBUSY;
	}
	use(s);
	vmem_clear(&s->areas);
	use(vmem_current);
	uk_plat_space_destroy(&s->tables);
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	vmem_leave(was);
	object_bury();
	uk_page_free(uk_page_from_virt(s), 1);
	return 0;
}

struct uk_vmem_space *uk_vmem_space_current(void)
{
	return vmem_current;
}

struct uk_vmem_space *uk_vmem_space_switch(struct uk_vmem_space *s)
{
	bool was = vmem_enter();
	struct uk_vmem_space *old = vmem_current;

	if (s != old) {
		vmem_current = s;
		use(s);
	}
	vmem_leave(was);
	return old;
}
