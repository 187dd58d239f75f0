/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ukvmem against a model that holds one byte of state per page: protection, and what was written
 * there. After every call the areas and the page tables must say the same as the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/trap.h>
#include <uk/stack.h>
#include <uk/vmem.h>
#include "host.h"

#define PAGES 3000 /* of the range in which the model lives */
#define P     4096UL
#define BASE  0xc000000000UL

#define FAULT_PAGES (UK_PAGE_FAULT_STACK / P) /* always there: the stack of fault handlers */

static struct {
	bool mapped;
	unsigned char prot;
	uint64_t value; /* in the first word, if it has a frame */
} model[PAGES];

static uint64_t *page_at(uk_vaddr_t va)
{
	uk_paddr_t pa;

	return uk_plat_lookup(va, &pa, NULL) ? NULL : uk_page_to_virt(pa);
}

static bool is_mapped(uk_vaddr_t va)
{
	struct uk_vmem_area a;

	return !uk_vmem_find(va, &a) && a.start <= va;
}

static void compare(void)
{
	struct uk_vmem_area a;
	uk_vaddr_t va = BASE;
	unsigned prot, i;
	uk_paddr_t pa;
	bool found;

	for (i = 0; i < PAGES; i++) {
		va = BASE + i * P;
		found = !uk_vmem_find(va, &a) && a.start <= va;
		EXPECT(found == model[i].mapped);
		if (!found) {
			EXPECT(uk_plat_lookup(va, &pa, NULL) == -EFAULT);
			continue;
		}
		EXPECT(a.prot == model[i].prot);
		if (uk_plat_lookup(va, &pa, &prot)) {
			EXPECT(model[i].value == 0);
		} else {
			EXPECT(prot == a.prot && uk_page_refs(pa) == 1);
			EXPECT(*page_at(va) == model[i].value);
			EXPECT(page_at(va)[511] == 0);
		}
		/* Areas are as large as they can be. */
		if (i && model[i - 1].mapped)
			EXPECT((model[i - 1].prot == model[i].prot) == (a.start < va));
	}
}

static void scribble(unsigned first, unsigned n)
{
	for (; n--; first++) {
		if (model[first].prot == UK_VMEM_NONE || host_random() % 4 == 0 ||
		    !host_touch(BASE + first * P, model[first].prot & UK_VMEM_WRITE))
			continue;
		model[first].value = host_random();
		*page_at(BASE + first * P) = model[first].value;
	}
}

static void model_map(unsigned first, unsigned n, unsigned prot)
{
	for (; n--; first++) {
		model[first].mapped = true;
		model[first].prot = prot;
		model[first].value = 0;
	}
}

static void model_unmap(unsigned first, unsigned n)
{
	memset(&model[first], 0, n * sizeof(model[0]));
}

static bool all_mapped(unsigned first, unsigned n)
{
	for (; n--; first++)
		if (!model[first].mapped)
			return false;
	return true;
}

static const unsigned char prots[] = { 0, 1, 3, 3, 3, 5, 1, 0 };

static void step(void)
{
	unsigned first = host_random() % PAGES,
		 n = 1 + host_random() % (host_random() % 8 ? 20 : 1200);
	unsigned prot = prots[host_random() % 8], to, m, i;
	uk_vaddr_t va = BASE + first * P;
	long ret;

	n = UK_MIN(n, PAGES - first);
	switch (host_random() % 8) {
	case 0:
	case 1:
	case 2:
		ret = (long)uk_vmem_map_anon(va, n * P - host_random() % 2 * 100, prot,
					     UK_VMEM_FIXED);
		if (ret == -ENOMEM) {
			/* What was there before may be gone, as on Linux. */
			for (i = first; i < first + n; i++)
				if (model[i].mapped && !is_mapped(BASE + i * P))
					model_unmap(i, 1);
			return;
		}
		EXPECT(ret == (long)va);
		model_map(first, n, prot);
		scribble(first, n);
		break;
	case 3:
		ret = uk_vmem_unmap(va, n * P);
		EXPECT(!ret || ret == -ENOMEM);
		if (!ret)
			model_unmap(first, n);
		break;
	case 4:
	case 5:
		ret = uk_vmem_protect(va, n * P, prot);
		if (!all_mapped(first, n)) {
			EXPECT(ret == -ENOMEM);
			break;
		}
		EXPECT(!ret || ret == -ENOMEM);
		for (i = first; !ret && i < first + n; i++)
			model[i].prot = prot;
		if (!ret)
			scribble(first, n);
		break;
	case 6:
		ret = uk_vmem_discard(va, n * P);
		if (!all_mapped(first, n))
			EXPECT(ret == -ENOMEM);
		for (i = first; !ret && i < first + n; i++)
			model[i].value = 0;
		break;
	case 7:
		m = 1 + host_random() % 40;
		to = host_random() % (PAGES - m);
		n = UK_MIN(n, 40U);
		if (host_random() % 2 && (to >= first + n || first >= to + m)) {
			ret = (long)uk_vmem_remap(va, n * P, m * P, UK_VMEM_MAYMOVE | UK_VMEM_FIXED,
						  BASE + to * P);
		} else {
			m = UK_MIN(m, PAGES - first);
			to = first;
			ret = (long)uk_vmem_remap(va, n * P, m * P, 0, 0);
		}
		if (ret < 0) {
			EXPECT(ret == -EFAULT || ret == -ENOMEM || ret == -EINVAL);
			/* What had to make room may be gone. */
			for (i = 0; i < PAGES; i++)
				if (model[i].mapped && !is_mapped(BASE + i * P))
					model_unmap(i, 1);
			break;
		}
		prot = model[first].prot;
		for (i = 0; i < m; i++) {
			uint64_t value = i < n ? model[first + i].value : 0;

			if (to != first || i >= n) {
				model_map(to + i, 1, prot);
				model[to + i].value = value;
			}
		}
		if (to != first)
			model_unmap(first, n);
		else if (m < n)
			model_unmap(first + m, n - m);
		scribble(to, m);
		break;
	}
}

static void test_placement(void)
{
	char *p[300], *q;
	struct uk_vmem_stats st, st2;
	int i;

	uk_vmem_stats(&st);
	for (i = 0; i < 300; i++) {
		p[i] = uk_vmem_map_anon(0, 3 * P, UK_VMEM_READ | UK_VMEM_WRITE, 0);
		EXPECT(!uk_is_err(p[i]));
		EXPECT((uk_vaddr_t)p[i] >= UK_VA_AREAS && (uk_vaddr_t)p[i] < UK_VA_AREAS_END);
	}
	uk_vmem_stats(&st2);
	EXPECT(st2.areas - st.areas == 1 && st2.populated == st.populated);
	for (i = 0; i < 300; i += 2)
		EXPECT(!uk_vmem_unmap((uk_vaddr_t)p[i], 3 * P));
	uk_vmem_stats(&st2);
	EXPECT(st2.areas - st.areas == 150);
	q = uk_vmem_map_anon(0, P, UK_VMEM_READ, 0);
	EXPECT(q == p[0]);
	EXPECT(uk_vmem_map_anon((uk_vaddr_t)q, P, 1, UK_VMEM_NOREPLACE) == uk_err_ptr(-EEXIST));
	EXPECT(uk_vmem_map_anon((uk_vaddr_t)q, P, 1, 0) == q + P);
	EXPECT(uk_vmem_map_anon((uk_vaddr_t)p[0] + 2 * P + 77, P, 1, 0) == q + 2 * P);
	EXPECT(uk_vmem_map_anon(0, 1UL << 39, 0, 0) > (void *)p[299]); /* costs no frame */
	EXPECT(uk_vmem_map_anon(0, 1UL << 60, 0, 0) == uk_err_ptr(-ENOMEM));
	EXPECT(uk_vmem_map_anon(0, -1UL, 0, 0) == uk_err_ptr(-ENOMEM));
	EXPECT(uk_vmem_map_anon(0, 0, 3, 0) == uk_err_ptr(-EINVAL));
	EXPECT(uk_vmem_map_anon(0, P, 7, 0) == uk_err_ptr(-EACCES));
	EXPECT(uk_vmem_map_anon(0, P, 8, 0) == uk_err_ptr(-EINVAL));
	EXPECT(uk_vmem_map_anon(0x1000, P, 3, UK_VMEM_FIXED) == uk_err_ptr(-ENOMEM));
	EXPECT(uk_vmem_map_anon(123, P, 3, UK_VMEM_FIXED) == uk_err_ptr(-EINVAL));
	EXPECT(uk_vmem_protect((uk_vaddr_t)p[1], P, 6) == -EACCES);
	EXPECT(uk_vmem_unmap(123, P) == -EINVAL && uk_vmem_unmap((uk_vaddr_t)q, 0) == -EINVAL);
	/* Remapping moves the frame itself. */
	EXPECT(host_touch((uk_vaddr_t)p[1], true));
	*page_at((uk_vaddr_t)p[1]) = 4711;
	q = uk_vmem_remap((uk_vaddr_t)p[1], 3 * P, 700 * P, 0, 0);
	EXPECT(q == uk_err_ptr(-ENOMEM));
	q = uk_vmem_remap((uk_vaddr_t)p[1], 3 * P, 700 * P, UK_VMEM_MAYMOVE, 0);
	EXPECT(!uk_is_err(q) && q != p[1] && *page_at((uk_vaddr_t)q) == 4711 &&
	       !page_at((uk_vaddr_t)p[1]));
	EXPECT(uk_vmem_remap((uk_vaddr_t)q, 700 * P, P, 0, 0) == q && !page_at((uk_vaddr_t)q + P));
}

static void test_stacks(void)
{
	char *s[100];
	int i;

	for (i = 0; i < 100; i++) {
		s[i] = uk_stack_alloc(20000);
		EXPECT(s[i] && !((uk_vaddr_t)s[i] & 4095));
		EXPECT(!page_at((uk_vaddr_t)s[i]) && page_at((uk_vaddr_t)s[i] + 4 * P));
		EXPECT(host_touch((uk_vaddr_t)s[i], true) && !page_at((uk_vaddr_t)s[i] - 1));
		EXPECT(uk_stack_is_guard((uk_vaddr_t)s[i] - 1) &&
		       uk_stack_is_guard((uk_vaddr_t)s[i] - P));
		EXPECT(!uk_stack_is_guard((uk_vaddr_t)s[i]) &&
		       !uk_stack_is_guard((uk_vaddr_t)s[i] - P - 1));
	}
	for (i = 0; i < 100; i++)
		uk_stack_free(s[i], 20000);
	EXPECT(!uk_stack_alloc(0) && !uk_stack_alloc(-1UL));
}

int main(int argc, char **argv)
{
	struct uk_vmem_stats st;
	struct uk_page_stats ps, ps2;
	long i;

	setvbuf(stdout, NULL, _IONBF, 0);
	host_seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	host_memory(0x1000, 600 << 10);
	host_memory(0x130000, host_seed % 2 ? 0x1000000 : 0x600000); /* even seeds run out */
	host_init();
	free(malloc(1));
	uk_page_free(uk_page_alloc(1, 0), 1);

	for (i = 0; i < 60000; i++) {
		step();
		if (i % 16 == 0)
			compare();
	}
	compare();
	EXPECT(!uk_vmem_unmap(BASE, PAGES * P));
	model_unmap(0, PAGES);
	compare();
	uk_vmem_stats(&st);
	EXPECT(st.mapped == 0 && st.populated == FAULT_PAGES * P && st.areas == 0 &&
	       host_mapped_pages == FAULT_PAGES + 1); /* the anchor */
	uk_page_stats(&ps);

	/* The N-th page table cannot be had, for every N: an error, and nothing lost. */
	for (i = 1; i < 60; i++) {
		host_fail_tables = i;
		uk_vmem_map_anon(BASE, 20 * P, 3, UK_VMEM_FIXED);
		uk_vmem_protect(BASE, 10 * P, 0);
		uk_vmem_protect(BASE, 20 * P, 3);
		uk_vmem_remap(BASE, 20 * P, 40 * P, UK_VMEM_MAYMOVE | UK_VMEM_FIXED,
			      BASE + 100 * P);
		host_fail_tables = 0;
		EXPECT(!uk_vmem_unmap(BASE, 200 * P));
		uk_vmem_stats(&st);
		EXPECT(st.mapped == 0 && st.populated == FAULT_PAGES * P &&
		       host_mapped_pages == FAULT_PAGES + 1); /* the anchor */
	}
	uk_page_stats(&ps2);
	EXPECT(ps.free - ps2.free <= 2 * P);

	test_placement();
	test_stacks();
	uk_vmem_stats(&st);
	printf("mapped %zu populated %zu areas %zu\n", st.mapped, st.populated, st.areas);
	puts("ok");
	return 0;
}
