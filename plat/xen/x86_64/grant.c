/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grant table, version 1 (Xen public/grant_table.h): frames of entries that we write and Xen reads, mapped one
 * after the other at an address of their own as the table grows.
 *
 * Entries that grant nothing form a list through their frame field. Xen looks at an entry only while its flags permit
 * access, so they are written last, and taken back first.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>
#include <uk/xen/grant.h>

#include "pvpaging.h"
#include "xen.h"

#include <xen/grant_table.h>
#include <xen/memory.h>

/* At a random place: as random as the direct map's. */
#define VA_GRANTS  (UK_VA_IMAGE + (7UL << 40))
#define PER_FRAME  (UK_PAGE_SIZE / sizeof(struct grant_entry_v1))
#define FRAMES_MAX 64U
#define KEPT       8U /* GNTTAB_NR_RESERVED_ENTRIES: the toolstack's */

static struct grant_entry_v1 *table;
static unsigned nframes, frames_max;
static uint32_t free_head, nfree;
static struct uk_spinlock lock;

static long gnttab(unsigned op, void *arg)
{
	return uk_xen_call(__HYPERVISOR_grant_table_op, op, (uintptr_t)arg, 1, 0);
}

/* Puts frame number `n` of the table at `va`. */
static int map_pvh(unsigned n, uintptr_t va)
{
	struct xen_add_to_physmap a = { .domid = DOMID_SELF,
					.space = XENMAPSPACE_grant_table,
					.idx = n };
	uk_paddr_t frame = xen_frame_alloc();

	if (!frame)
		return -ENOMEM;
	a.gpfn = frame >> UK_PAGE_SHIFT;
	if (xen_call2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &a))
		return -ENOSPC;
	return uk_plat_map(va, frame, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
}

static int map_pv(unsigned n, uintptr_t va)
{
	xen_pfn_t frames[FRAMES_MAX];
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = n + 1 };
	uk_paddr_t frame = xen_frame_alloc();
	int err;

	if (!frame)
		return -ENOMEM;
	set_xen_guest_handle(s.frame_list, frames);
	if (gnttab(GNTTABOP_setup_table, &s) || s.status != GNTST_okay)
		return -ENOSPC;
	/* A frame of ours makes the page table, and Xen's takes its place. */
	err = uk_plat_map(va, frame, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
	if (!err)
		pv_map_machine((void *)va, frames[n] << UK_PAGE_SHIFT);
	return err;
}

static void find_limit(void)
{
	struct gnttab_query_size q = { .dom = DOMID_SELF };

	frames_max = 1;
	if (!gnttab(GNTTABOP_query_size, &q) && q.status == GNTST_okay)
		frames_max = UK_MIN(q.max_nr_frames, FRAMES_MAX);
	table = (struct grant_entry_v1 *)(VA_GRANTS + (uk_plat_direct_base & ((1UL << 39) - 1)));
}

static void put(uint32_t ref)
{
	table[ref].frame = free_head;
	free_head = ref;
	nfree++;
}

static int grow(void)
{
	uintptr_t va;
	int err;

	if (!table)
		find_limit();
	if (nframes == frames_max)
		return -ENOSPC;
	va = (uintptr_t)table + nframes * UK_PAGE_SIZE;
	err = uk_xen_pv ? map_pv(nframes, va) : map_pvh(nframes, va);
	if (err)
		return err;
	for (uint32_t i = PER_FRAME; i--;)
		if (nframes || i >= KEPT)
			put(nframes * PER_FRAME + i);
	nframes++;
	return 0;
}

int uk_xen_grant_alloc(uint32_t *refs, unsigned n)
{
	bool irq = uk_spin_lock_save(&lock);
	int err = 0;

	while (nfree < n && !err)
		err = grow();
	for (unsigned i = 0; i < n && !err; i++) {
		refs[i] = free_head;
		free_head = table[free_head].frame;
		nfree--;
	}
	uk_spin_unlock_restore(&lock, irq);
	return err;
}

void uk_xen_grant_free(const uint32_t *refs, unsigned n)
{
	bool irq = uk_spin_lock_save(&lock);

	while (n--)
		put(refs[n]);
	uk_spin_unlock_restore(&lock, irq);
}

void uk_xen_grant_room(unsigned *now, unsigned *most)
{
	bool irq = uk_spin_lock_save(&lock);

	if (!table)
		find_limit();
	*now = nfree;
	*most = frames_max * PER_FRAME - KEPT;
	uk_spin_unlock_restore(&lock, irq);
}

void uk_xen_grant_set(uint32_t ref, unsigned domid, const void *va, bool readonly)
{
	struct grant_entry_v1 *e = &table[ref];

	e->frame = (uint32_t)uk_xen_frame_of(va);
	e->domid = (domid_t)domid;
	UK_BARRIER();
	UK_WRITE_ONCE(e->flags, (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)));
}

bool uk_xen_grant_clear(uint32_t ref)
{
	uint16_t flags = UK_READ_ONCE(table[ref].flags);

	/* Xen sets the bits for reading and writing in the same way, while the other side has it mapped. */
	do
		if (flags & (GTF_reading | GTF_writing))
			return false;
	while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	return true;
}

int uk_xen_grant(unsigned domid, const void *va, bool readonly)
{
	uint32_t ref;
	int err = uk_xen_grant_alloc(&ref, 1);

	if (err)
		return err;
	uk_xen_grant_set(ref, domid, va, readonly);
	return (int)ref;
}

bool uk_xen_grant_end(uint32_t ref)
{
	if (!uk_xen_grant_clear(ref))
		return false;
	uk_xen_grant_free(&ref, 1);
	return true;
}

/* ---- suspended ---- */

/* References that are free: elsewhere the table is an empty one, and with it the list. */
static uint64_t is_free[FRAMES_MAX * PER_FRAME / 64];

/* Page tables of a PV domain that is saved may mention nothing but its own frames. */
void xen_grant_suspend(void)
{
	uint32_t ref = free_head;

	memset(is_free, 0, sizeof(is_free));
	for (uint32_t i = 0; i < nfree; i++, ref = table[ref].frame)
		is_free[ref / 64] |= 1UL << ref % 64;
	for (unsigned i = 0; i < nframes && uk_xen_pv; i++)
		if (pv_set_now((uintptr_t)table + i * UK_PAGE_SIZE, 0, UVMF_INVLPG | UVMF_ALL))
			uk_panic("Xen refuses to unmap the grant table");
}

static void map_again_pv(void)
{
	xen_pfn_t frames[FRAMES_MAX];
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = nframes };

	set_xen_guest_handle(s.frame_list, frames);
	if (gnttab(GNTTABOP_setup_table, &s) || s.status != GNTST_okay)
		uk_panic("Xen gives no grant table of %u frames", nframes);
	for (unsigned i = 0; i < nframes; i++)
		pv_map_machine((char *)table + i * UK_PAGE_SIZE, frames[i] << UK_PAGE_SHIFT);
}

static void map_again_pvh(void)
{
	for (unsigned i = 0; i < nframes; i++) {
		struct xen_add_to_physmap a = { .domid = DOMID_SELF,
						.space = XENMAPSPACE_grant_table,
						.idx = i };

		a.gpfn = uk_xen_frame_of((char *)table + i * UK_PAGE_SIZE);
		if (xen_call2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &a))
			uk_panic("Xen gives no grant table of %u frames", nframes);
	}
}

/* What is in use grants nothing elsewhere, until its user frees it. */
void xen_grant_resume(bool elsewhere)
{
	if (!nframes)
		return;
	if (uk_xen_pv)
		map_again_pv();
	else if (elsewhere)
		map_again_pvh();
	if (!elsewhere)
		return;
	nfree = 0;
	for (uint32_t i = nframes * PER_FRAME; i-- > KEPT;)
		if (is_free[i / 64] >> i % 64 & 1)
			put(i);
}
