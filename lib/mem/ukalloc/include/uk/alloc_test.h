/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tests that every allocator passes. A provider's tests/test_NAME.c calls each of them,
 *
 *	UK_TEST(ukallocNAME, basics) { uk_alloc_test_basics(ukallocNAME_create); }
 *
 * and so on with refusals, realloc, exhaustion and stress (and growth, if whole idle pieces go back
 * at once), and tests what it promises beyond that. Each case gets a fresh allocator, over a piece
 * of the default heap.
 */
#ifndef UK_ALLOC_TEST_H
#define UK_ALLOC_TEST_H

#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/test.h>

#define UK_ALLOC_FREES 1 /* freed memory can be had again */

typedef struct uk_alloc *(*uk_alloc_create_fn)(void *base, size_t len,
					       const struct uk_alloc_source *source);

#define UK_ALLOC_TEST_BLOCKS 200

struct uk_alloc_test {
	struct uk_alloc *a;
	void *base; /* from the default heap */
	uint32_t random;
	struct {
		unsigned char *p;
		size_t size;
		unsigned char fill;
	} block[UK_ALLOC_TEST_BLOCKS];
};

/* Made anew for each case, over `len` bytes; NULL if there is no memory for it. */
static inline struct uk_alloc_test *uk_alloc_test_begin(uk_alloc_create_fn create, size_t len)
{
	struct uk_alloc_test *t = uk_calloc(1, sizeof(*t));

	if (!UK_EXPECT(t != NULL))
		return NULL;
	t->random = 1;
	t->base = uk_memalign(4096, len);
	if (t->base)
		t->a = create(t->base, len, NULL);
	if (UK_EXPECT(t->a != NULL))
		return t;
	uk_free(t->base);
	uk_free(t);
	return NULL;
}

static inline void uk_alloc_test_end(struct uk_alloc_test *t)
{
	uk_free(t->base);
	uk_free(t);
}

static inline uint32_t uk_alloc_test_random(struct uk_alloc_test *t)
{
	t->random = t->random * 1664525 + 1013904223;
	return t->random >> 8;
}

/* Does block i hold what was written to it? */
static inline bool uk_alloc_test_intact(struct uk_alloc_test *t, unsigned i, size_t size)
{
	size_t k;

	for (k = 0; k < size; k++)
		if (t->block[i].p[k] != t->block[i].fill)
			return false;
	return true;
}

static inline void uk_alloc_test_basics(uk_alloc_create_fn create)
{
	struct uk_alloc_test *t = uk_alloc_test_begin(create, 65536);
	unsigned char *p, *q;
	size_t size, align, i;

	if (!t)
		return;
	for (size = 0; size < 3000; size += size / 8 + 1) {
		p = uk_alloc_malloc(t->a, size);
		UK_EXPECT(p != NULL);
		UK_EXPECT_EQ((uintptr_t)p % UK_ALLOC_ALIGN, 0UL);
		UK_EXPECT_GE(uk_alloc_usable_size(t->a, p), size);
		if (p)
			memset(p, 0x5a, size);
		uk_alloc_free(t->a, p);
	}
	p = uk_alloc_malloc(t->a, 0);
	q = uk_alloc_malloc(t->a, 0);
	UK_EXPECT(p && q && p != q);
	for (align = 1; align <= 4096; align *= 2) {
		p = uk_alloc_memalign(t->a, align, 100);
		UK_EXPECT(p != NULL);
		UK_EXPECT_EQ((uintptr_t)p % align, 0UL);
		uk_alloc_free(t->a, p);
	}
	p = uk_alloc_calloc(t->a, 33, 7);
	UK_EXPECT(p != NULL);
	for (i = 0; p && i < 33 * 7; i++)
		UK_EXPECT_EQ(p[i], 0);
	uk_alloc_free(t->a, NULL);
	UK_EXPECT_EQ(uk_alloc_usable_size(t->a, NULL), 0UL);
	uk_alloc_test_end(t);
}

static inline void uk_alloc_test_refusals(uk_alloc_create_fn create)
{
	static char tiny[64] UK_ALIGNED(16);
	struct uk_alloc_test *t = uk_alloc_test_begin(create, 65536);
	struct uk_alloc_stats before, st;
	void *p;

	if (!t)
		return;
	UK_EXPECT(create(tiny, 8, NULL) == NULL);
	uk_alloc_stats(t->a, &before);
	UK_EXPECT(uk_alloc_malloc(t->a, 65536) == NULL);
	UK_EXPECT(uk_alloc_malloc(t->a, SIZE_MAX) == NULL);
	UK_EXPECT(uk_alloc_malloc(t->a, SIZE_MAX - 15) == NULL);
	UK_EXPECT(uk_alloc_calloc(t->a, SIZE_MAX / 2, 3) == NULL);
	UK_EXPECT(uk_alloc_memalign(t->a, 4096, SIZE_MAX - 4096) == NULL);
	UK_EXPECT(uk_alloc_memalign(t->a, 48, 10) == NULL);
	UK_EXPECT(uk_alloc_memalign(t->a, 0, 10) == NULL);
	p = uk_alloc_malloc(t->a, 100);
	UK_EXPECT(uk_alloc_realloc(t->a, p, SIZE_MAX) == NULL);
	UK_EXPECT_GE(uk_alloc_usable_size(t->a, p), 100UL); /* still there */
	uk_alloc_stats(t->a, &st);
	UK_EXPECT_GT(st.failures, before.failures);
	uk_alloc_test_end(t);
}

static inline void uk_alloc_test_realloc(uk_alloc_create_fn create)
{
	struct uk_alloc_test *t = uk_alloc_test_begin(create, 262144);
	size_t size, old = 0;
	unsigned char *p = NULL, *q;

	if (!t)
		return;
	t->block[0].fill = 0xc3;
	for (size = 1; size < 20000; size += size / 2 + 1) {
		q = uk_alloc_realloc(t->a, p, size);
		if (!UK_EXPECT(q != NULL))
			break;
		p = t->block[0].p = q;
		UK_EXPECT(uk_alloc_test_intact(t, 0, old));
		memset(p, 0xc3, size);
		old = size;
	}
	for (size = old; size; size /= 3) {
		q = uk_alloc_realloc(t->a, p, size);
		if (!UK_EXPECT(q != NULL))
			break;
		p = t->block[0].p = q;
		UK_EXPECT(uk_alloc_test_intact(t, 0, size));
	}
	uk_alloc_free(t->a, p);
	uk_alloc_test_end(t);
}

/* Fills a fixed piece of memory to the end, frees everything, and expects to get as much again. */
static inline void uk_alloc_test_exhaustion(uk_alloc_create_fn create, int traits)
{
	struct uk_alloc_test *t = uk_alloc_test_begin(create, 65536);
	unsigned char *more = uk_memalign(4096, 16384);
	struct uk_alloc_stats before, st;
	void **list = NULL, **p;
	unsigned n = 0, round;

	if (!t)
		return;
	uk_alloc_stats(t->a, &before);
	for (round = 0; round < 2; round++) {
		n = 0;
		while ((p = uk_alloc_malloc(t->a, 100 + n % 50))) {
			UK_EXPECT((unsigned char *)p > (unsigned char *)t->base &&
				  (unsigned char *)p + 100 <= (unsigned char *)t->base + 65536);
			*p = list;
			list = p;
			n++;
		}
		uk_alloc_stats(t->a, &st);
		UK_EXPECT_GE(st.used, n * 100UL);
		UK_EXPECT_LE(st.used, st.total);
		UK_EXPECT_GE(st.peak, st.used);
		UK_EXPECT_GE(st.allocs, n);
		if (!(traits & UK_ALLOC_FREES)) {
			UK_EXPECT_GT(n, 250U);
			break;
		}
		UK_EXPECT_GT(n, 200U);
		while ((p = list)) {
			list = *p;
			uk_alloc_free(t->a, p);
		}
		uk_alloc_trim(t->a);
		uk_alloc_stats(t->a, &st);
		UK_EXPECT_EQ(st.used, 0UL);
		UK_EXPECT_EQ(st.allocs, st.frees);
		UK_EXPECT_EQ(st.largest, before.largest);
	}
	if (UK_EXPECT(more != NULL)) {
		UK_EXPECT_EQ(uk_alloc_addmem(t->a, more, 0), -EINVAL);
		UK_EXPECT_EQ(uk_alloc_addmem(t->a, more, 16384), 0);
		UK_EXPECT(uk_alloc_malloc(t->a, 4000) != NULL);
	}
	uk_alloc_test_end(t);
	uk_free(more);
}

/* Random requests; what is written to a block must stay until it is freed. */
static inline void uk_alloc_test_stress(uk_alloc_create_fn create, int traits)
{
	struct uk_alloc_test *t = uk_alloc_test_begin(create, 524288);
	unsigned i, rounds = traits & UK_ALLOC_FREES ? 20000 : 1500;
	bool intact = true, aligned = true;
	size_t size, align;
	void *p;

	if (!t)
		return;
	while (rounds--) {
		i = uk_alloc_test_random(t) % UK_ALLOC_TEST_BLOCKS;
		size = uk_alloc_test_random(t) % (uk_alloc_test_random(t) % 8 ? 300 : 10000);
		align = uk_alloc_test_random(t) % 8 ? 1 : 1UL << uk_alloc_test_random(t) % 13;
		if (!t->block[i].p) {
			p = align > 1 ? uk_alloc_memalign(t->a, align, size)
				      : uk_alloc_malloc(t->a, size);
		} else if (uk_alloc_test_random(t) % 4 == 0) {
			align = 1;
			p = uk_alloc_realloc(t->a, t->block[i].p, size);
			if (!p)
				continue;
			t->block[i].p = p;
			intact &= uk_alloc_test_intact(t, i, UK_MIN(size, t->block[i].size));
		} else {
			intact &= uk_alloc_test_intact(t, i, t->block[i].size);
			uk_alloc_free(t->a, t->block[i].p);
			t->block[i].p = NULL;
			continue;
		}
		if (!p)
			continue;
		aligned &= !((uintptr_t)p % UK_MAX(align, (size_t)UK_ALLOC_ALIGN));
		t->block[i].p = p;
		t->block[i].size = size;
		t->block[i].fill = (unsigned char)uk_alloc_test_random(t);
		memset(p, t->block[i].fill, size);
	}
	for (i = 0; i < UK_ALLOC_TEST_BLOCKS; i++)
		if (t->block[i].p)
			intact &= uk_alloc_test_intact(t, i, t->block[i].size);
	UK_EXPECT(intact);
	UK_EXPECT(aligned);
	uk_alloc_test_end(t);
}

/* A source that lends a single piece at a time, and knows whether it has that back. */
static void *uk_alloc_test_lent;
static size_t uk_alloc_test_lent_len;

static inline void *uk_alloc_test_lend(size_t min, size_t want UK_UNUSED, size_t *len)
{
	UK_EXPECT(uk_alloc_test_lent == NULL);
	*len = uk_alloc_test_lent_len = min;
	return uk_alloc_test_lent = uk_memalign(4096, min);
}

static inline void uk_alloc_test_take_back(void *base, size_t len)
{
	UK_EXPECT_EQ(base, uk_alloc_test_lent);
	UK_EXPECT_EQ(len, uk_alloc_test_lent_len);
	uk_free(base);
	uk_alloc_test_lent = NULL;
}

/*
 * A block too large for the `len` bytes there are comes out of a piece of the source; that stays
 * while the block is in use, and goes back, whole, by the first trim after it was freed.
 */
static inline void uk_alloc_test_growth(uk_alloc_create_fn create, size_t len)
{
	static const struct uk_alloc_source source = { .more = uk_alloc_test_lend,
						       .less = uk_alloc_test_take_back };
	struct uk_alloc *a;
	void *mem = uk_memalign(4096, len), *p;

	UK_REQUIRE(mem != NULL);
	a = create(mem, len, &source);
	p = a ? uk_alloc_malloc(a, 2 * len) : NULL;
	if (UK_EXPECT(p != NULL)) {
		UK_EXPECT(uk_alloc_test_lent != NULL);
		UK_EXPECT_EQ(uk_alloc_trim(a), 0UL);
		uk_alloc_free(a, p);
		UK_EXPECT_EQ(uk_alloc_trim(a), uk_alloc_test_lent_len);
	}
	UK_EXPECT(uk_alloc_test_lent == NULL);
	uk_free(mem);
}

#endif
