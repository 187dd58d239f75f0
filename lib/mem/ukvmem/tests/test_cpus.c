/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings that change while other CPUs use them. What must hold: a frame that was taken from a page is
 * seen through that page by nobody any more once it belongs to somebody else, whether others read or
 * write there; and no fault is lost, or dealt with twice.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/sched.h>
#include <uk/stack.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/vmem.h>
#include "others.h"

#ifndef ROUNDS
#define ROUNDS 60
#endif
#define P       4096UL
#define PAGES   8
#define RW      (UK_VMEM_READ | UK_VMEM_WRITE)
#define FOREIGN 0xbbbbbbbbbbbbbbbbUL

static volatile uint64_t *area;

/* Each has a word of its own in every page, which is what it wrote or, after a discard, 0. */
static void use(void *arg)
{
	uint64_t self = (uintptr_t)arg, n = 0;

	while (!__atomic_load_n(&ends, __ATOMIC_ACQUIRE)) {
		for (unsigned i = 0; i < PAGES; i++) {
			volatile uint64_t *word = &area[i * P / 8 + self];
			uint64_t seen = *word;

			note(seen && seen >> 56 != self);
			*word = self << 56 | ++n;
		}
		uk_sched_yield();
	}
}

/* Takes frames that were just let go, and looks whether anybody still writes to them. */
static void look_at_frames(void)
{
	uk_paddr_t pa[2 * PAGES];
	unsigned n, i;

	for (n = 0; n < 2 * PAGES; n++) {
		pa[n] = uk_page_alloc(1, 0);
		if (pa[n] == UK_PAGE_NONE)
			break;
		for (i = 0; i < P / 8; i++)
			((uint64_t *)uk_page_to_virt(pa[n]))[i] = FOREIGN;
	}
	uk_sched_yield();
	while (n--) {
		for (i = 0; i < P / 8; i++)
			note(((volatile uint64_t *)uk_page_to_virt(pa[n]))[i] != FOREIGN);
		uk_page_free(pa[n], 1);
	}
}

UK_TEST(ukvmem_cpus, discard_under_readers_and_writers)
{
	struct uk_thread *t[OTHERS];

	area = uk_vmem_map_anon(0, PAGES * P, RW, 0);
	UK_REQUIRE(!uk_is_err((void *)area) && start(t, use));
	for (int i = 0; i < ROUNDS; i++) {
		unsigned first = i % PAGES, n = i % 3 ? 1 : PAGES - first;

		UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)area + first * P, n * P), 0);
		look_at_frames();
	}
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
}

/* What they do is always allowed; what changes is whether others are told at once. */
static void read_only(void *arg UK_UNUSED)
{
	while (!__atomic_load_n(&ends, __ATOMIC_ACQUIRE)) {
		for (unsigned i = 0; i < PAGES; i++)
			note(area[i * P / 8] != i + 1);
		uk_sched_yield();
	}
}

UK_TEST(ukvmem_cpus, protect_under_readers)
{
	struct uk_thread *t[OTHERS];

	area = uk_vmem_map_anon(0, PAGES * P, RW, 0);
	UK_REQUIRE(!uk_is_err((void *)area));
	for (unsigned i = 0; i < PAGES; i++)
		area[i * P / 8] = i + 1;
	UK_REQUIRE(start(t, read_only));
	for (int i = 0; i < ROUNDS; i++) {
		unsigned first = i % PAGES;

		UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)area + first * P, P, UK_VMEM_READ), 0);
		UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)area, PAGES * P, RW), 0);
		area[first * P / 8 + 1] = (uint64_t)i;
	}
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
}

/* Everybody maps, touches, moves and unmaps; half of it was mapped by somebody else. */
static void *handed[4];

static void churn(void *arg)
{
	uint64_t self = (uintptr_t)arg;
	struct uk_vmem_stats st;

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len = (1 + (i + self) % 5) * 16 * P;
		uint64_t *p = uk_vmem_map_anon(0, len, RW, 0), *q;

		if (uk_is_err(p)) {
			note(true);
			continue;
		}
		for (size_t at = 0; at < len; at += P) {
			note(p[at / 8] != 0);
			p[at / 8] = at + 1;
		}
		p[1] = len;
		q = __atomic_exchange_n(&handed[(i + self) % 4], p, __ATOMIC_ACQ_REL);
		if (!q)
			continue;
		len = q[1];
		if (i % 3 == 0) {
			uint64_t *moved =
				uk_vmem_remap((uk_vaddr_t)q, len, len + 16 * P, UK_VMEM_MAYMOVE, 0);

			note(uk_is_err(moved));
			if (!uk_is_err(moved)) {
				q = moved;
				note(uk_vmem_unmap((uk_vaddr_t)q + len, 16 * P) != 0);
			}
		}
		for (size_t at = 0; at < len; at += P)
			note(q[at / 8] != at + 1);
		note(uk_vmem_unmap((uk_vaddr_t)q, len) != 0);
		if (i % 16 == 0)
			uk_vmem_stats(&st);
		if (i % 16 == 0)
			uk_stack_free(uk_stack_alloc((2 + i % 7) * P), (2 + i % 7) * P);
	}
}

UK_TEST(ukvmem_cpus, mappings_change_hands)
{
	struct uk_vmem_stats before, after;
	struct uk_thread *t[OTHERS];

	uk_vmem_stats(&before);
	UK_REQUIRE(start(t, churn));
	stop(t);
	for (unsigned i = 0; i < 4; i++, handed[i - 1] = NULL)
		if (handed[i])
			UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)handed[i],
						   ((uint64_t *)handed[i])[1]),
				     0);
	uk_vmem_stats(&after);
	UK_EXPECT_EQ(after.mapped, before.mapped);
	UK_EXPECT_EQ(after.areas, before.areas);
}

/* The same page is missing on all CPUs at once: it appears once. */
static uint32_t turn, ready;

static void first_touch(void *arg)
{
	uint64_t self = (uintptr_t)arg;

	for (uint32_t i = 1; i <= ROUNDS / 4; i++) {
		__atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < i) {
			if (__atomic_load_n(&ends, __ATOMIC_ACQUIRE))
				return; /* not all could be started */
			uk_sched_yield();
		}
		for (unsigned k = 0; k < PAGES; k++)
			area[k * P / 8 + self] = self;
		for (unsigned k = 0; k < PAGES; k++)
			note(area[k * P / 8 + self] != self);
	}
	__atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
}

UK_TEST(ukvmem_cpus, first_touch_by_all)
{
	struct uk_thread *t[OTHERS];

	turn = ready = 0;
	area = uk_vmem_map_anon(0, PAGES * P, RW, 0);
	UK_REQUIRE(!uk_is_err((void *)area) && start(t, first_touch));
	for (uint32_t i = 1; i <= ROUNDS / 4 + 1; i++) {
		while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < i * OTHERS)
			uk_sched_yield();
		for (unsigned k = 0; i > 1 && k < PAGES; k++)
			for (unsigned self = 1; self <= OTHERS; self++)
				note(area[k * P / 8 + self] != self);
		UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)area, PAGES * P), 0);
		__atomic_store_n(&turn, i, __ATOMIC_RELEASE);
	}
	stop(t);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, PAGES * P), 0);
}
