/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grant table (Xen public/grant_table.h): frames of entries that we write and Xen reads, mapped one after the other at an address of
 * their own as the table grows.
 *
 * Xen looks at an entry only while its flags permit access, so they are written last, and taken back first. In version 1 it says in the
 * same flags that the other side has the frame mapped. In version 2, which CONFIG_PLAT_XEN_GRANT_V2 takes where Xen has it, that is in
 * words of their own ("status"), in other frames, and an entry is twice as long: its first half is like one of version 1 without the frame's
 * number, which has 64 bits in the second half.
 *
 * Entries that grant nothing form a list through the field that has the number in version 1.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/dma.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>
#include <uk/xen/grant.h>

#include "xen.h"

#include <xen/grant_table.h>
#include <xen/memory.h>

/* At a random place: as random as the direct map's. */
#define VA_GRANTS  (UK_VA_IMAGE + (7UL << 40))
#define FRAMES_MAX XEN_GRANT_FRAMES
#define REFS_MAX   (FRAMES_MAX * UK_PAGE_SIZE / sizeof(struct grant_entry_v1))
#define KEPT       8U /* GNTTAB_NR_RESERVED_ENTRIES: the toolstack's */

#ifdef CONFIG_PLAT_XEN_GRANT_V2
static bool version2;
#else
#define version2 false
#endif

/* References whose entries fill a frame, and those whose status does. */
#define PER_FRAME        (UK_PAGE_SIZE / sizeof(struct grant_entry_v1) >> version2)
#define PER_STATUS_FRAME (UK_PAGE_SIZE / sizeof(*status))

static struct grant_entry_v1 *table;
static grant_status_t *status;       /* behind the longest table */
static unsigned nframes, frames_max; /* of those whose entries are in use */
static unsigned ntable, nstatus;     /* that are mapped */
static uint32_t free_head, nfree;
static struct uk_spinlock lock;

static struct grant_entry_v1 *entry(uint32_t ref)
{
	return &table[ref << version2];
}

static long gnttab(unsigned op, void *arg)
{
	return uk_xen_call(__HYPERVISOR_grant_table_op, op, (uintptr_t)arg, 1, 0);
}

/* Frame `n` of the table, or of status. */
static uk_vaddr_t frame_va(bool of_status, unsigned n)
{
	return (of_status ? (uk_vaddr_t)status : (uk_vaddr_t)table) + n * UK_PAGE_SIZE;
}

static long add(bool of_status, unsigned n, uint64_t place)
{
	return xen_add_to_physmap(XENMAPSPACE_grant_table,
				  of_status ? n | XENMAPIDX_grant_table_status : n, place);
}

static int map(bool of_status, unsigned n)
{
	uk_vaddr_t va = frame_va(of_status, n);
	uint64_t place;

	if (uk_xen_pv)
		return pv_grant_map(of_status, n, va);
	place = xen_grant_place(of_status ? FRAMES_MAX + n : n);
	if (!place)
		return -ENOMEM;
	if (add(of_status, n, place))
		return -ENOSPC;
	return uk_plat_map(va, place << UK_PAGE_SHIFT, UK_PAGE_SIZE, UK_PROT_READ | UK_PROT_WRITE);
}

/* Before Xen is asked for any frame: entries of the other version are of no use then. */
static void choose_version(void)
{
#ifdef CONFIG_PLAT_XEN_GRANT_V2
	struct gnttab_set_version v = { .version = 2 };

	version2 = !gnttab(GNTTABOP_set_version, &v) && v.version == 2;
#endif
}

static void find_table(void)
{
	struct gnttab_query_size q = { .dom = DOMID_SELF };

	frames_max = 1;
	if (!gnttab(GNTTABOP_query_size, &q) && q.status == GNTST_okay)
		frames_max = UK_MIN(q.max_nr_frames, FRAMES_MAX);
	table = (struct grant_entry_v1 *)(VA_GRANTS + (uk_plat_direct_base & ((1UL << 39) - 1)));
	status = (grant_status_t *)frame_va(false, FRAMES_MAX);
	choose_version();
}

static void put(uint32_t ref)
{
	entry(ref)->frame = free_head;
	free_head = ref;
	nfree++;
}

/* Those that the next frame of entries needs. Of status there are enough only when the table has that frame. */
static int map_next(void)
{
	int err = 0;

	if (ntable == nframes) {
		err = map(false, ntable);
		ntable += !err;
	}
	if (!err && version2 && nstatus * PER_STATUS_FRAME == nframes * PER_FRAME) {
		err = map(true, nstatus);
		nstatus += !err;
	}
	return err;
}

static int grow(void)
{
	int err;

	if (!table)
		find_table();
	if (nframes == frames_max)
		return -ENOSPC;
	err = map_next();
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
		free_head = entry(free_head)->frame;
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
		find_table();
	*now = nfree;
	*most = frames_max * PER_FRAME - KEPT;
	uk_spin_unlock_restore(&lock, irq);
}

uint64_t uk_xen_frame_of(const void *va)
{
	uk_paddr_t pa;

	if (UK_LIKELY(uk_plat_dma_direct(va)))
		pa = uk_plat_virt_to_phys(va);
	else if (uk_plat_lookup((uk_vaddr_t)va, &pa, NULL))
		return ~0UL;
	return xen_number(pa);
}

/* Says so once: for one packet after the other it would be the same. */
static UK_NOINLINE int too_far(uint64_t frame)
{
	static bool said;

	if (!UK_READ_ONCE(said))
		uk_pr_err("Frame %#lx cannot be granted: version 1 of the grant table has 32 bits "
			  "for its number. Build with CONFIG_PLAT_XEN_GRANT_V2, and let Xen offer "
			  "version 2 (gnttab=max-ver:2)",
			  frame);
	UK_WRITE_ONCE(said, true);
	return -ERANGE;
}

int uk_xen_grant_set(uint32_t ref, unsigned domid, const void *va, bool readonly)
{
	struct grant_entry_v1 *e = entry(ref);
	uint64_t frame = uk_xen_frame_of(va);

	if (version2)
		((union grant_entry_v2 *)e)->full_page.frame = frame;
	else if (UK_UNLIKELY(frame >> 32))
		return too_far(frame);
	e->frame = version2 ? 0 : (uint32_t)frame;
	e->domid = (domid_t)domid;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	UK_WRITE_ONCE(e->flags, (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)));
	return 0;
}

/* Xen sets the bits for reading and writing in the same way, while the other side has it mapped. */
static bool clear1(struct grant_entry_v1 *e)
{
	uint16_t flags = UK_READ_ONCE(e->flags);

	do
		if (flags & (GTF_reading | GTF_writing))
			return false;
	while (!__atomic_compare_exchange_n(&e->flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	return true;
}

/*
 * Xen sets the bits of status first, and then looks at the flags again: either it sees that they permit nothing any more, or we see that
 * the other side has it mapped. Then the flags stay as they are, and the mapping that is there is the last one.
 */
static bool clear2(struct grant_entry_v1 *e, const grant_status_t *s)
{
	UK_WRITE_ONCE(e->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(__atomic_load_n(s, __ATOMIC_ACQUIRE) & (GTF_reading | GTF_writing));
}

bool uk_xen_grant_clear(uint32_t ref)
{
	return version2 ? clear2(entry(ref), &status[ref]) : clear1(entry(ref));
}

int uk_xen_grant(unsigned domid, const void *va, bool readonly)
{
	uint32_t ref;
	int err = uk_xen_grant_alloc(&ref, 1);

	if (err)
		return err;
	err = uk_xen_grant_set(ref, domid, va, readonly);
	if (err) {
		uk_xen_grant_free(&ref, 1);
		return err;
	}
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

/* References that are not free: elsewhere the table is an empty one, and with it the list. */
static uint64_t in_use[REFS_MAX / 64];

void xen_grant_suspend(void)
{
	uint32_t ref = free_head;

	memset(in_use, 0, sizeof(in_use));
	memset(in_use, 0xff, nframes * PER_FRAME / 8);
	for (uint32_t i = 0; i < nfree; i++, ref = entry(ref)->frame)
		in_use[ref / 64] &= ~(1UL << ref % 64);
	if (!uk_xen_pv)
		return;
	pv_grant_suspend(frame_va(false, 0), ntable);
	pv_grant_suspend(frame_va(true, 0), nstatus);
}

static void map_again(bool of_status, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (add(of_status, i, uk_xen_frame_of((void *)frame_va(of_status, i))))
			uk_panic("Xen gives no grant table of %u frames", ntable);
}

/* Xen may not have the version any more: with the other one there is room for more references in as many frames. */
static void go_on_elsewhere(void)
{
	if (version2)
		choose_version();
	if (!version2)
		nstatus = 0;
}

/* What is in use grants nothing elsewhere, until its user frees it. */
void xen_grant_resume(bool elsewhere)
{
	if (!table)
		return;
	if (elsewhere)
		go_on_elsewhere();
	if (uk_xen_pv) {
		pv_grant_resume(false, frame_va(false, 0), ntable);
		pv_grant_resume(true, frame_va(true, 0), nstatus);
	} else if (elsewhere) {
		map_again(false, ntable);
		map_again(true, nstatus);
	}
	if (!elsewhere)
		return;
	nfree = 0;
	for (uint32_t i = nframes * PER_FRAME; i-- > KEPT;)
		if (!(in_use[i / 64] >> i % 64 & 1))
			put(i);
}
