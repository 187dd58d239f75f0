/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Areas that are replaced, removed and protected while the faults of other CPUs bring their pages, for
 * which the lock is dropped. What must hold: a page that was made for an area that is gone appears
 * nowhere; whoever touches an address sees what is mapped there now or was a moment ago, never another
 * page; and an address that is mapped all the time can be touched all the time.
 */
#include <uk/arch/relax.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/vmem.h>
#include "others.h"

#define P     4096UL
#define WORDS (P / 8)
#define PAGES 16U
#define RW    (UK_VMEM_READ | UK_VMEM_WRITE)
#define FILED (0xf1UL << 56) /* in each word of the object's pages, with the number of the page */
#define FREED 0xbbbbbbbbbbbbbbbbUL

static volatile uint64_t *area;
static unsigned int state = 1;

/* The same numbers in every run: what differs is when the others come. */
static unsigned int dice(unsigned int n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* So that the others are met at different places. With one CPU they run now. */
static void pause(void)
{
	uk_arch_linger(dice(4) * dice(1000));
	uk_sched_yield();
}

/* ---- an object: each page says which it is ------------------------------------------------------ */

static uk_paddr_t frames[PAGES + 1];

static int get_page(struct uk_vmem_object *obj UK_UNUSED, uint64_t index, unsigned how UK_UNUSED,
		    uk_paddr_t *frame)
{
	if (index > PAGES)
		return -EFAULT;
	uk_arch_linger(300); /* as if it had to look for it */
	*frame = frames[index];
	uk_page_ref(*frame);
	return 0;
}

static void release(struct uk_vmem_object *obj UK_UNUSED)
{
}

static const struct uk_vmem_object_ops ops = { .get = get_page, .release = release };
static struct uk_vmem_object object;

static void object_end(void)
{
	for (unsigned int i = 0; i <= PAGES; i++)
		if (frames[i] != UK_PAGE_NONE)
			uk_page_unref(frames[i]);
}

static bool object_make(void)
{
	bool ok = true;

	object = (struct uk_vmem_object){ .ops = &ops, .refs = 1 };
	for (uint64_t i = 0; i <= PAGES; i++) {
		frames[i] = uk_page_alloc(1, 0);
		ok &= frames[i] != UK_PAGE_NONE;
		for (unsigned int k = 0; ok && k < WORDS; k++)
			((uint64_t *)uk_page_to_virt(frames[i]))[k] = FILED | i;
	}
	if (!ok)
		object_end();
	return ok;
}

/* ---- replaced ----------------------------------------------------------------------------------- */

/* Each has a word of its own in every page: what it wrote itself, or what was mapped there. */
static void touch(void *arg)
{
	uint64_t self = (uintptr_t)arg, n = 0;

	while (!__atomic_load_n(&ends, __ATOMIC_ACQUIRE)) {
		for (uint64_t i = 0; i < PAGES; i++) {
			volatile uint64_t *word = &area[i * WORDS + self];
			uint64_t seen = *word, mine = self << 56 | i << 48;

			note(seen && seen >> 48 != mine >> 48 && seen != (FILED | i) &&
			     seen != (FILED | (i + 1)));
			if (++n % 3)
				*word = mine | (n & 0xffffffff);
		}
		uk_sched_yield();
	}
}

/* Takes frames that were just let go, and looks whether anybody still writes to them. */
static void look_at_frames(void)
{
	uk_paddr_t pa[PAGES];
	unsigned int n, i;

	for (n = 0; n < PAGES; n++) {
		pa[n] = uk_page_alloc(1, 0);
		if (pa[n] == UK_PAGE_NONE)
			break;
		for (i = 0; i < WORDS; i++)
			((uint64_t *)uk_page_to_virt(pa[n]))[i] = FREED;
	}
	pause();
	while (n--) {
		for (i = 0; i < WORDS; i++)
			note(((volatile uint64_t *)uk_page_to_virt(pa[n]))[i] != FREED);
		uk_page_free(pa[n], 1);
	}
}

/* Zeroes (0), the object (1), or the object from its second page on (2) in place of some pages. */
static void put(unsigned int first, unsigned int n, unsigned int what)
{
	void *va = (void *)((uintptr_t)area + first * P);
	const struct uk_vmem_backing b = { .kind = UK_VMEM_FILE,
					   .obj = &object,
					   .offset = (first + (what == 2)) * P };

	UK_EXPECT_EQ(uk_vmem_map((uk_vaddr_t)va, n * P, RW, UK_VMEM_FIXED, what ? &b : NULL), va);
}

/* Once more while they bring what came first. The first word of a page is written by nobody. */
static void replace(void)
{
	unsigned int first = dice(PAGES), n = 1 + dice(PAGES - first), what = dice(3);

	put(first, n, dice(3));
	uk_arch_linger(dice(1000));
	put(first, n, what);
	if (dice(4))
		pause();
	else
		look_at_frames();
	for (uint64_t i = first; i < first + n; i++)
		note(area[i * WORDS] != (what ? FILED | (i + (what == 2)) : 0));
}

UK_TEST(ukvmem_stress, replaced_under_faults)
{
	struct uk_vmem_stats before, after;
	struct uk_thread *t[OTHERS];

	UK_REQUIRE(object_make());
	uk_vmem_stats(&before);
	area = uk_vmem_map_anon(0, PAGES * P, RW, 0);
	UK_REQUIRE(!uk_is_err((void *)area) && start(t, touch));
	for (unsigned int i = uk_test_rounds(300); i--;)
		replace();
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
	uk_vmem_stats(&after);
	UK_EXPECT_EQ(after.mapped, before.mapped);
	UK_EXPECT_EQ(after.areas, before.areas);
	UK_EXPECT_EQ(object.refs, 1U);
	object_end();
}

/* ---- removed and protected ---------------------------------------------------------------------- */

enum { GONE, NONE, READ, WRITE };

/* Faults as they come from the CPU, but for nothing being touched: there may be nothing. */
static void fault(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;

	while (!__atomic_load_n(&ends, __ATOMIC_ACQUIRE)) {
		for (unsigned int k = 0; k < PAGES; k++, i += 5) {
			uk_vaddr_t va = (uk_vaddr_t)area + i % PAGES * P;
			bool was = uk_irq_save();
			int err = uk_page_fault_hook(va, i % 3 ? UK_TRAP_WRITE : UK_TRAP_READ, 0);

			uk_irq_restore(was);
			note(err && err != -EFAULT && err != -EACCES);
		}
		uk_sched_yield();
	}
}

static bool change(uk_vaddr_t va, size_t len, int to)
{
	if (to == GONE)
		return !uk_vmem_unmap(va, len);
	if (to == READ && !uk_is_err(uk_vmem_map_anon(va, len, RW, UK_VMEM_FIXED))) {
		pause(); /* they are about to bring pages to be written to */
		return !uk_vmem_protect(va, len, UK_VMEM_READ);
	}
	return !uk_is_err(
		uk_vmem_map_anon(va, len, to == WRITE ? RW : UK_VMEM_NONE, UK_VMEM_FIXED));
}

UK_TEST(ukvmem_stress, removed_and_protected_under_faults)
{
	struct uk_vmem_stats before, after;
	struct uk_thread *t[OTHERS];
	int is[PAGES] = { GONE };

	if (uk_plat_demand)
		UK_TEST_SKIP("the host's");
#ifndef CONFIG_SMP /* a CPU never faults where it has a page, and that is not looked for */
	UK_TEST_SKIP("with one CPU there are no others");
#endif
	uk_vmem_stats(&before);
	area = uk_vmem_map_anon(0, PAGES * P, RW, 0);
	UK_REQUIRE(!uk_is_err((void *)area));
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
	UK_REQUIRE(start(t, fault));
	for (unsigned int i = uk_test_rounds(300); i--;) {
		unsigned int first = dice(PAGES), n = 1 + dice(PAGES - first);
		int to = (int)dice(4);

		UK_EXPECT(change((uk_vaddr_t)area + first * P, n * P, to));
		while (n--)
			is[first + n] = to;
		pause();
		for (unsigned int k = 0; k < PAGES; k++) {
			unsigned prot;
			uk_paddr_t pa;

			if (!uk_plat_lookup((uk_vaddr_t)area + k * P, &pa, &prot))
				note(is[k] < READ || (is[k] == READ && prot & UK_PROT_WRITE));
		}
	}
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
	uk_vmem_stats(&after);
	UK_EXPECT_EQ(after.mapped, before.mapped);
	UK_EXPECT_EQ(after.populated, before.populated);
}

/* ---- large pages -------------------------------------------------------------------------------- */

#define LARGE (2UL << 20)

static void touch_large(void *arg)
{
	uint64_t self = (uintptr_t)arg, i = self * 100;

	for (; !__atomic_load_n(&ends, __ATOMIC_ACQUIRE); i = (i + 77) % (LARGE / P)) {
		volatile uint64_t *word = &area[i * WORDS + self];
		uint64_t seen = *word;

		note(seen && seen != (self << 56 | i));
		*word = self << 56 | i;
		uk_sched_yield();
	}
}

UK_TEST(ukvmem_stress, large_page_replaced_under_faults)
{
	char *all = uk_vmem_map_anon(0, 2 * LARGE, RW, 0);
	struct uk_thread *t[OTHERS];

	UK_REQUIRE(!uk_is_err(all));
	area = (uint64_t *)UK_ALIGN_UP((uintptr_t)all, LARGE);
	UK_REQUIRE(start(t, touch_large));
	for (unsigned int i = uk_test_rounds(20); i--;) {
		size_t first = dice(LARGE / P), n = 1 + dice(LARGE / P - first);
		volatile uint64_t *part = area + first * WORDS;

		UK_EXPECT_EQ(uk_vmem_map_anon((uk_vaddr_t)area, LARGE, RW,
					      UK_VMEM_FIXED | UK_VMEM_HUGE),
			     (void *)area);
		pause();
		area[first * WORDS] = FREED;
		UK_EXPECT_EQ(uk_vmem_map_anon((uk_vaddr_t)part, n * P, RW, UK_VMEM_FIXED),
			     (void *)part);
		look_at_frames();
		for (size_t k = 0; k < n; k++)
			note(part[k * WORDS] != 0);
	}
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)all, 2 * LARGE), 0);
}
