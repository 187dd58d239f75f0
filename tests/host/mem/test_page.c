/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ukpage against a model: random allocations, frees and references over several regions.
 * Every frame of a run must be ours alone, and all memory must come back as one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/page.h>
#include "host.h"

#define RUNS 4000

static struct {
	uk_paddr_t pa;
	size_t n;
	uint64_t mark;
} runs[RUNS];

static void mark(int i, bool check)
{
	size_t k;

	for (k = 0; k < runs[i].n; k++) {
		uint64_t *p = uk_page_to_virt(runs[i].pa + k * UK_PAGE_SIZE);

		if (check)
			EXPECT(p[0] == runs[i].mark + k && p[511] == runs[i].mark + k);
		p[0] = p[511] = runs[i].mark + k;
	}
}

static bool shrink_one(void)
{
	int i;

	for (i = 0; i < RUNS; i++) {
		if (!runs[i].pa)
			continue;
		uk_page_free(runs[i].pa, runs[i].n);
		runs[i].pa = 0;
		return true;
	}
	return false;
}

static uk_paddr_t victim;

static void double_free(void)
{
	uk_page_free(victim, 1);
	uk_page_free(victim, 1);
}

int main(int argc, char **argv)
{
	static struct uk_page_shrinker shrinker = { .shrink = shrink_one };
	struct uk_page_stats st, st2;
	size_t n, k;
	long round;
	int i, j;

	host_seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	host_memory(0, 639 << 10);
	host_memory(0x130000, 0x8000000 - 0x130000);
	host_memory(1UL << 32, 1 << 20);
	host_init();
	EXPECT(uk_page_add(100, 4000) == -22);
	EXPECT(host_direct_pages == 0);
	uk_page_stats(&st);
	EXPECT(st.fresh == st.free && st.free == st.total);

	victim = uk_page_alloc(1, 0);
	EXPECT(victim && uk_page_refs(victim) == 1);
	EXPECT(host_direct_pages <= 32);
	host_expect_panic(double_free, "is freed, but has 0 references");
	uk_page_ref(victim);
	EXPECT(uk_page_unref(victim) == 1 && uk_page_unref(victim) == 0);
	EXPECT(!uk_page_refs(victim) && !uk_page_refs(0x10000000000));

	for (round = 0; round < 400000; round++) {
		i = host_random() % RUNS;
		if (runs[i].pa) {
			mark(i, true);
			/* In one go, or in two parts */
			k = host_random() % 4 ? 0 : host_random() % (runs[i].n + 1);
			if (k)
				uk_page_free(runs[i].pa, k);
			if (runs[i].n - k == 1)
				uk_page_free(runs[i].pa + k * UK_PAGE_SIZE, 1);
			else if (runs[i].n > k)
				uk_page_free(runs[i].pa + k * UK_PAGE_SIZE, runs[i].n - k);
			runs[i].pa = 0;
		} else {
			unsigned flags =
				host_random() & (UK_PAGE_ZERO | UK_PAGE_ALIGN | UK_PAGE_DMA32);

			n = host_random() % 4
				    ? 1
				    : 1 + host_random() % (host_random() % 64 ? 20 : 3000);
			runs[i].n = n;
			runs[i].pa = n == 1 ? uk_page_alloc(1, flags) : uk_page_alloc(n, flags);
			if (!runs[i].pa)
				continue;
			EXPECT(runs[i].pa < 639 << 10 ||
			       (runs[i].pa >= 0x130000 && runs[i].pa + n * 4096 <= 0x8000000) ||
			       (runs[i].pa >= 1UL << 32 && !(flags & UK_PAGE_DMA32)));
			if (flags & UK_PAGE_ALIGN)
				for (k = 1; k < n; k *= 2)
					EXPECT(!(runs[i].pa & k * UK_PAGE_SIZE));
			if (flags & UK_PAGE_ZERO)
				for (k = 0; k < n * 512; k++)
					EXPECT(!((uint64_t *)uk_page_to_virt(runs[i].pa))[k]);
			runs[i].mark = host_random();
			mark(i, false);
		}
	}
	for (i = 0; i < RUNS; i++) {
		if (!runs[i].pa)
			continue;
		mark(i, true);
		uk_page_free(runs[i].pa, runs[i].n);
		runs[i].pa = 0;
	}
	/* Everything merged again: nearly all of it as one run, unaligned. */
	uk_page_stats(&st);
	printf("total %lu free %lu fresh %lu peak %lu failures %lu\n", st.total, st.free, st.fresh,
	       st.peak, st.failures);
	EXPECT(st.total - st.free < st.total / 100);
	victim = uk_page_alloc_run((62 << 20) >> 12, 0);
	EXPECT(victim);
	uk_page_free_run(victim, (62 << 20) >> 12);

	/* Take every frame; then shrinking makes room for one run after another. */
	for (i = 0; i < RUNS; i++) {
		runs[i].n = 16;
		runs[i].pa = uk_page_alloc_run(16, 0);
	}
	while (uk_page_alloc(1, 0))
		;
	uk_page_stats(&st);
	printf("full: free %lu fresh %lu\n", st.free, st.fresh);
	EXPECT(st.free == 0 && st.fresh < 8 * 4096);
	uk_page_shrinker_add(&shrinker);
	EXPECT(!uk_page_alloc_run(16, UK_PAGE_EASY));
	for (j = 0; j < 200; j++)
		EXPECT(uk_page_alloc_run(16, 0));
	while (shrink_one())
		;
	uk_page_stats(&st2);
	EXPECT(st2.free > st.free);
	EXPECT(!uk_page_alloc_run(UK_PAGE_RUN_MAX, 0));
	EXPECT(!uk_page_alloc_run(0, 0));
	EXPECT(!uk_page_alloc_run(-1UL, 0));
	puts("ok");
	return 0;
}
