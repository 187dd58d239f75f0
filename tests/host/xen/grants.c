/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grant table of an image that takes version 2 where Xen has it (PLAT_XEN_GRANT_V2), beside a Xen that reads and writes entries as
 * Xen does: pages are granted at random, mapped by the other side, let go and taken back. Then the image is saved and goes on beside a Xen
 * that has the other version. At last a thread maps what another one takes back: never do both succeed.
 *
 *	grants SEED ROUNDS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <uk/arch/paging.h>

/* Where the table may be, and addresses of what is granted: behind 16 TiB, where frames have more than 32 bits, and before. */
#undef UK_VA_IMAGE
#define UK_VA_IMAGE 0x010000000000UL
#include "../../../plat/xen/grant.c"

#include "events.h"

#define NEAR  0x008000000000UL
#define FAR   (1UL << 45)
#define PEER  3U
#define LIMIT 20U /* frames */

union xen_shared_page xen_shared_page;

/* ---- memory: the address of a page is its own, but for the table's, whose places Xen gives frames ---- */

static uint64_t place_of[2][FRAMES_MAX], last_place;
static unsigned places_left;

uint64_t xen_grant_place(unsigned n)
{
	return places_left-- ? ++last_place : 0;
}

int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	unsigned of_status = va >= frame_va(true, 0),
		 n = (unsigned)((va - frame_va(of_status, 0)) / UK_PAGE_SIZE);

	CHECK(pa >> UK_PAGE_SHIFT == place_of[of_status][n] && len == UK_PAGE_SIZE);
	CHECK(mmap((void *)va, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)va);
	return 0;
}

int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	for (unsigned s = 0; s < 2; s++)
		for (unsigned i = 0; i < (s ? nstatus : ntable); i++)
			if (va == frame_va(s, i)) {
				*pa = place_of[s][i] << UK_PAGE_SHIFT;
				return 0;
			}
	*pa = va;
	return 0;
}

/* Of PV domains, which this is none of. */
int pv_grant_map(bool of_status, unsigned n, uk_vaddr_t va)
{
	abort();
}

void pv_grant_suspend(uk_vaddr_t va, unsigned n)
{
	abort();
}

void pv_grant_resume(bool of_status, uk_vaddr_t va, unsigned n)
{
	abort();
}

/* ---- Xen ---- */

static struct {
	unsigned version, most; /* in use, and that it has */
	unsigned nframes, nstatus;
} xen;

static long add_frame(const struct xen_add_to_physmap *a)
{
	bool of_status = a->idx & XENMAPIDX_grant_table_status;
	unsigned n = (unsigned)a->idx & ~XENMAPIDX_grant_table_status;

	CHECK(a->space == XENMAPSPACE_grant_table && (!of_status || xen.version == 2));
	if (of_status) {
		if (n >= xen.nstatus)
			return -EINVAL;
	} else if (n >= LIMIT) {
		return -EINVAL;
	} else if (n >= xen.nframes) {
		xen.nframes = n + 1;
		xen.nstatus = xen.version == 2 ? (xen.nframes + 7) / 8 : 0;
	}
	CHECK(!place_of[of_status][n] || place_of[of_status][n] == a->gpfn);
	place_of[of_status][n] = a->gpfn;
	return 0;
}

long xen_op(unsigned nr, unsigned op, void *arg)
{
	struct gnttab_query_size *size = arg;
	struct gnttab_set_version *v = arg;

	if (nr == __HYPERVISOR_memory_op && op == XENMEM_add_to_physmap)
		return add_frame(arg);
	CHECK(nr == __HYPERVISOR_grant_table_op);
	switch (op) {
	case GNTTABOP_query_size:
		size->max_nr_frames = LIMIT;
		size->status = GNTST_okay;
		return 0;
	case GNTTABOP_set_version:
		CHECK(!xen.nframes);
		if (v->version > xen.most) {
			v->version = xen.version;
			return -ENOSYS;
		}
		xen.version = v->version;
		return 0;
	}
	CHECK(!"an operation that is not there");
}

/* What Xen sees of an entry, by what the headers say of both versions. */
struct seen {
	uint16_t flags, domid, *status;
	uint64_t frame;
};

static struct seen look(uint32_t ref)
{
	grant_entry_v1_t *one = (grant_entry_v1_t *)table + ref;
	grant_entry_v2_t *two = (grant_entry_v2_t *)table + ref;

	CHECK(ref < xen.nframes * 4096 / (xen.version == 2 ? 16 : 8));
	if (xen.version == 2)
		return (struct seen){ UK_READ_ONCE(two->hdr.flags), two->hdr.domid, &status[ref],
				      two->full_page.frame };
	return (struct seen){ UK_READ_ONCE(one->flags), one->domid, &one->flags, one->frame };
}

/* The other side maps it: if so, and what. In the order that Xen has. */
static bool map_it(uint32_t ref, bool write, uint64_t *frame)
{
	uint16_t bits = GTF_reading | (write ? GTF_writing : 0), was;
	struct seen s = look(ref);

	do {
		if ((s.flags & GTF_type_mask) != GTF_permit_access || s.domid != PEER ||
		    (write && s.flags & GTF_readonly))
			return false;
		*frame = s.frame;
		if (xen.version == 2) {
			__atomic_fetch_or(s.status, bits, __ATOMIC_SEQ_CST);
			if ((look(ref).flags & GTF_type_mask) == GTF_permit_access)
				return true;
			__atomic_fetch_and(s.status, (uint16_t)~bits, __ATOMIC_SEQ_CST);
			return false;
		}
		was = s.flags;
		if (__atomic_compare_exchange_n(s.status, &was, was | bits, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
		s = look(ref);
	} while (1);
}

static void unmap_it(uint32_t ref)
{
	__atomic_fetch_and(look(ref).status, (uint16_t) ~(GTF_reading | GTF_writing),
			   __ATOMIC_SEQ_CST);
}

/* ---- us ---- */

#define REFS 12000U

static struct ours {
	bool taken, set, readonly, mapped;
	uint64_t frame;
} ours[REFS];
static unsigned ntaken;

static void take(unsigned n)
{
	uint32_t refs[64];
	int err = uk_xen_grant_alloc(refs, n);

	if (err) {
		CHECK(err == (places_left + 1 ? -ENOSPC : -ENOMEM));
		places_left = 100;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		CHECK(refs[i] >= KEPT && refs[i] < REFS && !ours[refs[i]].taken);
		ours[refs[i]] = (struct ours){ .taken = true };
		CHECK(!(look(refs[i]).flags));
	}
	ntaken += n;
}

static void grant_one(uint32_t ref, struct ours *o)
{
	bool far = !any(8);
	const char *va = (const char *)(far ? FAR : NEAR) + any(1 << 20) * UK_PAGE_SIZE + any(4096);
	int err;

	o->readonly = any(2);
	o->frame = (uintptr_t)va >> UK_PAGE_SHIFT;
	err = uk_xen_grant_set(ref, PEER, va, o->readonly);
	CHECK(err == (far && xen.version == 1 ? -ERANGE : 0));
	o->set = !err;
	CHECK(o->set || (look(ref).flags == 0 && complaints <= 1));
}

static void something(uint32_t ref)
{
	struct ours *o = &ours[ref];
	uint64_t frame;
	bool write = any(2), could;

	if (!o->taken)
		return;
	if (!o->set) {
		if (any(4)) {
			grant_one(ref, o);
		} else {
			uk_xen_grant_free(&ref, 1);
			o->taken = false;
			ntaken--;
		}
		return;
	}
	switch (any(3)) {
	case 0:
		could = map_it(ref, write, &frame);
		CHECK(could == !(write && o->readonly) && (!could || frame == o->frame));
		o->mapped |= could;
		break;
	case 1:
		unmap_it(ref);
		o->mapped = false;
		break;
	case 2:
		CHECK(uk_xen_grant_clear(ref) == !o->mapped);
		for (bool was = o->mapped; was;
		     was = false) { /* it is asked again, when it was let go */
			CHECK(!uk_xen_grant_clear(ref));
			unmap_it(ref);
			CHECK(uk_xen_grant_clear(ref));
		}
		o->set = o->mapped = false;
		CHECK(!map_it(ref, false, &frame));
		break;
	}
}

static void use(unsigned rounds)
{
	unsigned now, most;

	while (rounds--) {
		if (!any(20))
			places_left = any(3);
		take(1 + any(64));
		for (unsigned i = 0; i < 600; i++)
			something(KEPT + any(REFS - KEPT));
	}
	uk_xen_grant_room(&now, &most);
	CHECK(most == LIMIT * 4096 / (xen.version == 2 ? 16 : 8) - KEPT);
	CHECK(now + ntaken == nframes * 4096 / (xen.version == 2 ? 16 : 8) - KEPT);
}

/* Nothing of the table is there, and the other side has let go of all. What was taken is so still. */
static void go_on(unsigned most)
{
	xen_grant_suspend();
	for (uint32_t ref = 0; ref < REFS; ref++)
		ours[ref].set = ours[ref].mapped = false;
	memset(table, 0xa5, ntable * UK_PAGE_SIZE);
	memset(status, 0xa5, nstatus * UK_PAGE_SIZE);
	memset(&xen, 0, sizeof(xen));
	memset(table, 0, ntable * UK_PAGE_SIZE);
	memset(status, 0, nstatus * UK_PAGE_SIZE);
	xen.version = 1;
	xen.most = most;
	xen_grant_resume(true);
	CHECK(version2 == (xen.version == 2) && xen.nframes == ntable);
}

/* ---- both at once ---- */

static uint32_t contended;
static unsigned turn; /* odd: it is granted */
static bool it_mapped;

/* With one CPU for both the other one has to have its turn. */
static void wait_turn(unsigned n)
{
	for (unsigned i = 0; __atomic_load_n(&turn, __ATOMIC_ACQUIRE) != n; i++)
		if (i > 1000)
			sched_yield();
}

static void *the_other_side(void *arg)
{
	unsigned rounds = *(unsigned *)arg;
	uint64_t frame;

	for (unsigned i = 0; i < rounds; i++) {
		wait_turn(2 * i + 1);
		it_mapped = map_it(contended, false, &frame);
		__atomic_store_n(&turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void at_once(unsigned rounds)
{
	pthread_t thread;

	places_left = 100;
	turn = 0;
	while (uk_xen_grant_alloc(&contended, 1))
		something(KEPT + any(REFS - KEPT));
	CHECK(!pthread_create(&thread, NULL, the_other_side, &rounds));
	for (unsigned i = 0; i < rounds; i++) {
		bool cleared;

		CHECK(!uk_xen_grant_set(contended, PEER, (void *)NEAR, false));
		__atomic_store_n(&turn, 2 * i + 1, __ATOMIC_RELEASE);
		for (unsigned n = any(600); n; n--)
			__asm__ volatile("");
		cleared = uk_xen_grant_clear(contended);
		wait_turn(2 * i + 2);
		CHECK(!(cleared && it_mapped));
		unmap_it(contended);
		CHECK(uk_xen_grant_clear(contended));
	}
	CHECK(!pthread_join(thread, NULL));
	uk_xen_grant_free(&contended, 1);
}

int main(int argc, char **argv)
{
	unsigned rounds = begin(argc, argv) / 4;
	uint32_t ref;

	xen.version = 1;
	xen.most = 1 + (seed & 1);
	if (seed & 2) { /* saved before it is used */
		unsigned now, most;

		uk_xen_grant_room(&now, &most);
		go_on(xen.most);
	}
	places_left = 100;
	CHECK(!uk_xen_grant_alloc(&ref, 1) && version2 == (xen.most == 2));
	uk_xen_grant_free(&ref, 1);
	use(rounds);
	at_once(50000);
	for (unsigned i = 0; i < 3; i++) {
		go_on(2);
		use(rounds);
	}
	go_on(1);
	CHECK(!version2);
	use(rounds);
	at_once(50000);
	go_on(2);
	use(rounds);
	CHECK(complaints == 1); /* of frames that are too far, once */
	printf("grants: all as it should be\n");
	return 0;
}
