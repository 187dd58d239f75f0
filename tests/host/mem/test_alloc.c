/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An allocator against a model: random requests of all kinds whose contents must stay as they were
 * written, aligned as asked for, apart from one another. Then what each provider promises beyond
 * that: memory given back, mistakes found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/alloc.h>
#include <uk/alloctlsf.h>
#include <uk/page.h>
#include "host.h"

#define BLOCKS 3000

static struct {
	unsigned char *p;
	size_t size;
	unsigned char fill;
} blocks[BLOCKS];

#ifdef PROVIDER_region
#define ROUNDS 20000
#define FREES  false
#else
#define ROUNDS 300000
#define FREES  true
#endif

static void check_heap(void)
{
#ifdef PROVIDER_tlsf
	ukalloctlsf_check(uk_heap);
#endif
}

static size_t random_size(void)
{
	switch (host_random() % 16) {
	case 0:
		return host_random() % 16;
	case 1:
		return 4096 * (1 + host_random() % 4) - host_random() % 2 * 16;
	case 2:
		return host_random() % 20000;
	case 3:
		return host_random() % 64 ? host_random() % 3000 : host_random() % 2000000;
	default:
		return host_random() % 600;
	}
}

static void fill(int i)
{
	blocks[i].fill = host_random();
	memset(blocks[i].p, blocks[i].fill, blocks[i].size);
}

static void check(int i, size_t size)
{
	size_t k;

	for (k = 0; k < size; k++)
		EXPECT(blocks[i].p[k] == blocks[i].fill);
}

static void drop(int i)
{
	check(i, blocks[i].size);
	uk_free(blocks[i].p);
	blocks[i].p = NULL;
}

static void churn(long rounds)
{
	size_t size, align;
	void *p;
	int i;

	while (rounds--) {
		i = host_random() % BLOCKS;
		size = random_size();
		align = 1;
		if (!blocks[i].p) {
			if (host_random() % 8 == 0) {
				align = 1UL << host_random() % 14;
				p = uk_memalign(align, size);
			} else if (host_random() % 8 == 0) {
				size &= ~3UL;
				p = uk_calloc(size / 4, 4);
				for (size_t k = 0; p && k < size; k++)
					EXPECT(!((char *)p)[k]);
			} else {
				p = uk_malloc(size);
			}
		} else if (host_random() % 4 == 0) {
			p = uk_realloc(blocks[i].p, size);
			if (!p)
				continue;
			blocks[i].p = p;
			check(i, UK_MIN(size, blocks[i].size));
		} else {
			drop(i);
			continue;
		}
		if (!p)
			continue;
		EXPECT(!((uintptr_t)p % UK_MAX(align, (size_t)UK_ALLOC_ALIGN)));
		EXPECT(uk_alloc_usable_size(uk_heap, p) >= size);
		blocks[i].p = p;
		blocks[i].size = host_random() % 2 ? size : uk_alloc_usable_size(uk_heap, p);
		fill(i);
		if (rounds % 1000 == 0)
			check_heap();
	}
}

static void drop_all(void)
{
	int i;

	for (i = 0; i < BLOCKS; i++)
		if (blocks[i].p)
			drop(i);
}

/* ---- mistakes ---- */

static size_t mistake_size;

static void double_free(void)
{
	char *p = uk_malloc(mistake_size);

	uk_free(p);
	uk_free(p);
}

static void double_free_later(void)
{
	char *p = uk_malloc(mistake_size), *q = uk_malloc(mistake_size),
	     *r = uk_malloc(mistake_size);

	uk_free(q);
	uk_free(p);
	uk_free(r);
	uk_alloc_trim(uk_heap);
	uk_free(q);
}

#ifdef PROVIDER_tlsf
static void overflow(void)
{
	char *p = uk_malloc(mistake_size);

	memset(p, 0, uk_alloc_usable_size(uk_heap, p));
	p[uk_alloc_usable_size(uk_heap, p)] ^= 1;
	uk_free(p);
}

static void overflow_copy(void)
{
	char *p = uk_malloc(mistake_size), *q = uk_malloc(mistake_size),
	     *r = uk_malloc(mistake_size);
	size_t n = uk_alloc_usable_size(uk_heap, p);

	memcpy(p, r, n + 8);
	uk_free(p);
	uk_free(q);
	uk_free(r);
}

static void write_after_free(void)
{
	char *p = uk_malloc(mistake_size), *q = uk_malloc(mistake_size);

	uk_free(p);
	memcpy(p, &q, sizeof(q));
	p = uk_malloc(mistake_size);
	p = uk_malloc(mistake_size);
}

static void not_a_block(void)
{
	char *p = uk_malloc(mistake_size);

	memset(p, 0, mistake_size);
	uk_free(p + 16);
}
#endif

static void test_mistakes(void)
{
	static const size_t sizes[] = { 24, 64, 500, 1500, 5000, 100000 };
	size_t i;

	for (i = 0; i < UK_ARRAY_SIZE(sizes); i++) {
		mistake_size = sizes[i];
#ifdef PROVIDER_tlsf
		host_expect_panic(double_free, "double free");
		host_expect_panic(double_free_later, "heap:");
		host_expect_panic(overflow, "overwritten");
		if (sizes[i] < 65536) /* a header from a multiple of 64 KiB away looks right */
			host_expect_panic(overflow_copy, "overwritten");
		if (sizes[i] < 1000)
			host_expect_panic(write_after_free, "heap:");
		host_expect_panic(not_a_block, "heap:");
#else
		host_expect_panic(double_free, "heap:");
		if (sizes[i] > 5000)
			host_expect_panic(double_free_later, "heap:");
#endif
	}
}

/* A piece of fixed memory without a source. */
static void test_small(void)
{
	static char mem[65536] UK_ALIGNED(4096), more[8192];
	struct uk_alloc *a;
	struct uk_alloc_stats st, st2;
	size_t n = 0;
	void *p, *list = NULL;

	EXPECT(!uk_alloc_create(mem, 8, NULL));
	a = uk_alloc_create(mem + 3, sizeof(mem) - 3, NULL);
	EXPECT(a);
	uk_alloc_stats(a, &st);
	EXPECT(!uk_alloc_malloc(a, sizeof(mem)));
	for (; (p = uk_alloc_malloc(a, 100)); n++) {
		EXPECT((char *)p > mem && (char *)p + 100 <= mem + sizeof(mem));
		*(void **)p = list;
		list = p;
	}
	EXPECT(n > 300);
	uk_alloc_stats(a, &st2);
	EXPECT(st2.allocs == n && st2.failures >= 1 && st2.used >= n * 100 && st2.peak >= st2.used);
	if (FREES) {
		while ((p = list)) {
			list = *(void **)p;
			uk_alloc_free(a, p);
		}
		uk_alloc_trim(a);
		uk_alloc_stats(a, &st2);
		EXPECT(st2.used == 0 && st2.frees == n && st2.cached == 0);
		EXPECT(st2.largest == st.largest);
		EXPECT(uk_alloc_malloc(a, st.largest));
	}
	EXPECT(uk_alloc_addmem(a, more, 0) < 0);
	EXPECT(uk_alloc_addmem(a, more, sizeof(more)) == 0);
	EXPECT(uk_alloc_malloc(a, 1000));
}

int main(int argc, char **argv)
{
	struct uk_alloc_stats st;
	struct uk_page_stats ps, ps2;
	static uk_paddr_t pages[20000];
	uk_paddr_t page;
	size_t used;
	int i;

	setvbuf(stdout, NULL, _IONBF, 0);
	host_seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	host_memory(0x1000, 600 << 10);
	host_memory(0x130000, 0x4000000);
	host_init();
	test_small();
	uk_page_stats(&ps);

	/* Corners */
	EXPECT(!uk_malloc(-1UL) && !uk_malloc(-16UL) && !uk_malloc(-24UL) && !uk_malloc(1UL << 62));
	EXPECT(!uk_calloc(-1UL, 2) && !uk_calloc(1UL << 32, 1UL << 32));
	EXPECT(!uk_memalign(24, 8) && !uk_memalign(0, 8) && !uk_memalign(1UL << 62, 8) &&
	       !uk_memalign(4096, -4096UL));
	EXPECT(!uk_realloc(NULL, -1UL));
	EXPECT(uk_malloc(0) && uk_malloc(0) != uk_malloc(0));
	uk_free(NULL);
	EXPECT(uk_alloc_usable_size(uk_heap, NULL) == 0);
	if (FREES)
		test_mistakes();

	for (i = 0; i < 3; i++) {
		churn(ROUNDS);
		uk_alloc_stats(uk_heap, &st);
		printf("total %zu used %zu peak %zu cached %zu largest %zu; %lu allocs %lu frees "
		       "%lu failures\n",
		       st.total, st.used, st.peak, st.cached, st.largest, st.allocs, st.frees,
		       st.failures);
		EXPECT(st.used <= st.total && st.peak >= st.used);
		if (i == 1)
			continue; /* go on with what is there */
		drop_all();
		check_heap();
	}
	uk_alloc_stats(uk_heap, &st);
	used = st.used;
	uk_alloc_trim(uk_heap);
	check_heap();
	uk_page_stats(&ps2);
	uk_alloc_stats(uk_heap, &st);
	printf("trimmed to %zu; frames used %lu, before %lu\n", st.total, ps2.total - ps2.free,
	       ps.total - ps.free);
	if (!FREES)
		return 0;
	EXPECT(used < 200 && st.total <= 256 << 10);

	/* Exhaustion is clean, and everything comes back. */
	for (i = 0; i < BLOCKS; i++) {
		blocks[i].size = 60000;
		blocks[i].p = uk_malloc(blocks[i].size);
		if (!blocks[i].p)
			break;
		fill(i);
	}
	EXPECT(i < BLOCKS);
	uk_page_stats(&ps2);
	printf("full: %lu frames free, %d blocks\n", ps2.free / 4096, i);
	EXPECT(ps2.free < 4 << 20);
	check_heap();
	/* Free every other block: pages in the middle of pieces go back when others need frames. */
	for (i = 0; i < BLOCKS; i += 2)
		if (blocks[i].p)
			drop(i);
	for (i = 0; (page = uk_page_alloc(1, 0)); i++)
		pages[i] = page;
	printf("%d frames from a half full heap\n", i);
#ifdef PROVIDER_tlsf
	EXPECT(i > 6000);
#endif
	check_heap();
	drop_all();
	while (i)
		uk_page_free(pages[--i], 1);
	check_heap();
	EXPECT(uk_malloc(15000000));
	check_heap();
	puts("ok");
	return 0;
}
