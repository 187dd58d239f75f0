/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The default heap on all CPUs at once: threads allocate here and free there, resize, trim and ask for
 * statistics meanwhile. No block may be in two hands, and in the end nobody holds anything.
 */
#include <uk/config.h>
#ifdef CONFIG_LIBUKSCHED /* an image without threads is tested by test_heap.c */
#include <uk/alloc.h>
#include <uk/page.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>

#ifndef ROUNDS
#define ROUNDS 2000
#endif
#define THREADS 4
#define SHARED  64

/* At the start of each block, and its last byte is the lowest of `tag`. */
struct head {
	size_t size;
	uint64_t tag;
};

static struct head *shared[SHARED]; /* blocks that change hands, by atomic exchange */
static unsigned long damaged, refused;

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void mark(struct head *h, size_t size, uint32_t tag)
{
	*h = (struct head){ .size = size, .tag = tag ^ (uintptr_t)h };
	((unsigned char *)h)[size - 1] = (unsigned char)h->tag;
}

static void check(const struct head *h, const struct head *where)
{
	if (((const unsigned char *)h)[h->size - 1] != (unsigned char)h->tag ||
	    (uint32_t)(h->tag ^ (uintptr_t)where) >> 24 != 0x5a)
		__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
}

static struct head *make(uint32_t *seed)
{
	/* Mostly small; some too large for any list of small blocks. */
	size_t size = sizeof(struct head) + 1 + next(seed) % (next(seed) % 8 ? 300 : 6000);
	struct head *h = next(seed) % 16 ? uk_malloc(size) : uk_memalign(256, size);

	if (h)
		mark(h, size, 0x5a000000 | (next(seed) & 0xffffff));
	else
		__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
	return h;
}

static struct head *resize(struct head *h, uint32_t *seed)
{
	size_t size = sizeof(*h) + 1 + next(seed) % 2000;
	struct head *new;

	check(h, h);
	h->tag ^= (uintptr_t)h; /* which the block may leave behind */
	new = uk_realloc(h, size);
	if (!new) {
		h->tag ^= (uintptr_t)h;
		return h;
	}
	mark(new, size, (uint32_t) new->tag);
	return new;
}

static void work(void *arg)
{
	uint32_t seed = (uint32_t)(uintptr_t)arg;
	struct uk_alloc_stats st;
	struct head *h;

	for (int i = 0; i < ROUNDS; i++) {
		h = next(&seed) % 8 ? make(&seed) : NULL;
		h = __atomic_exchange_n(&shared[next(&seed) % SHARED], h, __ATOMIC_ACQ_REL);
		if (h && !(next(&seed) % 4))
			h = resize(h, &seed);
		if (h)
			check(h, h);
		uk_free(h);
		if (next(&seed) % 512 == 0)
			uk_alloc_trim(uk_heap);
		if (next(&seed) % 512 == 0)
			uk_alloc_stats(uk_heap, &st);
		if (next(&seed) % 64 == 0)
			uk_sched_yield();
	}
}

/* Those that there is memory for: none is left when the case goes on to free what they use. */
static void run_on_all(void (*fn)(void *arg))
{
	struct uk_thread *t[THREADS];
	int n;

	for (n = 0; n < THREADS; n++) {
		t[n] = uk_thread_create(NULL, "worker", fn, (void *)(uintptr_t)(n + 1), NULL);
		if (!t[n])
			break;
	}
	UK_EXPECT_EQ(n, THREADS);
	while (n--)
		UK_EXPECT_EQ(uk_thread_join(t[n], UK_NSEC_MAX), 0);
}

UK_TEST(ukalloc_cpus, blocks_change_hands)
{
	struct uk_alloc_stats before, after;

	damaged = refused = 0;
	run_on_all(work); /* what threads leave to the next ones is there from now on */
	for (int i = 0; i < SHARED; i++, shared[i - 1] = NULL)
		uk_free(shared[i]);
	uk_alloc_stats(uk_heap, &before);
	run_on_all(work);
	for (int i = 0; i < SHARED; i++, shared[i - 1] = NULL)
		uk_free(shared[i]);
	uk_alloc_stats(uk_heap, &after);
	UK_EXPECT_EQ(damaged, 0UL);
	UK_EXPECT_EQ(refused, 0UL);
	UK_EXPECT_EQ(after.allocs - after.frees, before.allocs - before.frees);
	UK_EXPECT_EQ(after.used, before.used);
	UK_EXPECT_LE(after.used + after.cached, after.total);
}

/* ---- page frames ---- */

static void frames(void *arg)
{
	uint64_t tag = (uintptr_t)arg, *page;
	uint32_t seed = (uint32_t)tag;
	uk_paddr_t held[16] = { UK_PAGE_NONE }, pa;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned k = next(&seed) % 16, n = 1 + k % 3; /* a place holds runs of one length */

		if (held[k] != UK_PAGE_NONE) {
			page = uk_page_to_virt(held[k]);
			if (page[0] != (tag << 32 | k) || page[n * 512 - 1] != tag)
				__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
			if (n == 1 && next(&seed) % 2) {
				uk_page_ref(held[k]);
				uk_page_unref(held[k]);
				uk_page_unref(held[k]);
			} else {
				uk_page_free(held[k], n);
			}
			held[k] = UK_PAGE_NONE;
			continue;
		}
		pa = n == 1 ? uk_page_alloc(1, 0) : uk_page_alloc(n, 0);
		if (pa == UK_PAGE_NONE) {
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
			continue;
		}
		held[k] = pa;
		page = uk_page_to_virt(pa);
		page[n * 512 - 1] = tag;
		page[0] = tag << 32 | k;
		if (next(&seed) % 512 == 0)
			uk_page_shrink();
	}
	for (unsigned k = 0; k < 16; k++)
		if (held[k] != UK_PAGE_NONE)
			uk_page_free(held[k], 1 + k % 3);
}

/* Many CPUs drop one of the references to the same frames. */
static uk_paddr_t common;
static uint32_t last_ones;

static void references(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		uk_page_ref(common);
		if (!uk_page_unref(common))
			__atomic_fetch_add(&last_ones, 1, __ATOMIC_RELAXED);
	}
}

UK_TEST(ukalloc_cpus, frames)
{
	struct uk_page_stats before, after;
	struct uk_alloc_stats heap[2];

	damaged = refused = 0;
	run_on_all(frames);
	uk_page_stats(&before);
	uk_alloc_stats(uk_heap, &heap[0]);
	run_on_all(frames);
	uk_alloc_stats(uk_heap, &heap[1]);
	uk_page_stats(&after);
	UK_EXPECT_EQ(damaged, 0UL);
	UK_EXPECT_EQ(refused, 0UL);
	/* But for what shrinking took from stacks, and the heap has more or less. */
	UK_EXPECT_LE(before.free + heap[0].total, after.free + heap[1].total + (256UL << 10));

	common = uk_page_alloc(1, 0);
	UK_REQUIRE(common != UK_PAGE_NONE);
	last_ones = 0;
	run_on_all(references);
	UK_EXPECT_EQ(last_ones, 0U);
	UK_EXPECT_EQ(uk_page_refs(common), 1U);
	uk_page_free(common, 1);
}
#endif
