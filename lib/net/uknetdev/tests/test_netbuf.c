/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers, packets in pieces, and pools; without a device.
 */
#include <uk/errno.h>
#include <uk/netbuf.h>
#include <uk/page.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>

#define BATCH 200

static const struct uk_netpool_conf small = {
	.size = 1500, .headroom = 32, .priv = 40, .count = 8, .max = 100
};

UK_TEST(netbuf, fresh_buffer)
{
	struct uk_netpool *pool = uk_netpool_create(&small);
	struct uk_netbuf *nb;
	const uint64_t *priv;

	UK_REQUIRE(pool != NULL);
	nb = uk_netpool_get(pool);
	UK_REQUIRE(nb != NULL);
	UK_EXPECT_EQ((uintptr_t)nb % 64, 0UL);
	UK_EXPECT_EQ(nb->len, 0U);
	UK_EXPECT_EQ(nb->pieces, 1);
	UK_EXPECT_EQ(uk_netbuf_room_front(nb), 32UL);
	UK_EXPECT_EQ(uk_netbuf_room_back(nb), 1500UL);
	priv = uk_netbuf_priv(nb);
	UK_EXPECT_EQ((uintptr_t)priv % 16, 0UL);
	for (unsigned i = 0; i < 40 / sizeof(*priv); i++)
		UK_EXPECT_EQ(priv[i], 0UL);
	UK_EXPECT_EQ(uk_netbuf_of_priv(uk_netbuf_priv(nb)), nb);
	uk_netpool_put(nb);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

/* Buffers do not overlap, and a device reaches each as one piece of memory. */
UK_TEST(netbuf, buffers_are_apart)
{
	struct uk_netpool *pool = uk_netpool_create(&small);
	struct uk_netbuf *nb[100];
	unsigned n = 0, i, j, wrong = 0;

	UK_REQUIRE(pool != NULL);
	while (n < 100 && (nb[n] = uk_netpool_get(pool)))
		memset(uk_netbuf_append(nb[n], 1500), (int)n, 1500), n++;
	UK_EXPECT_EQ(n, 100U);
	for (i = 0; i < n; i++) {
		uk_paddr_t first = uk_page_from_virt(nb[i]->data);

		wrong += uk_page_to_virt(first + 1499) != nb[i]->data + 1499;
		for (j = 0; j < 1500; j++)
			wrong += nb[i]->data[j] != i;
	}
	UK_EXPECT_EQ(wrong, 0U);
	for (i = 0; i < n; i++)
		uk_netbuf_free(nb[i]);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

UK_TEST(netbuf, pool_grows_to_its_limit)
{
	struct uk_netpool *pool = uk_netpool_create(&small);
	struct uk_netbuf *list = NULL, *nb;
	unsigned count, used, n = 0;

	UK_REQUIRE(pool != NULL);
	uk_netpool_stats(pool, &count, &used);
	UK_EXPECT_GE(count, 8U); /* as many as fill the last slab */
	UK_EXPECT_LT(count, 20U);
	UK_EXPECT_EQ(used, 0U);
	for (; (nb = uk_netpool_get(pool)); n++) {
		nb->next = list;
		list = nb;
	}
	UK_EXPECT_EQ(n, 100U);
	uk_netpool_stats(pool, &count, &used);
	UK_EXPECT_EQ(count, 100U);
	UK_EXPECT_EQ(used, 100U);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), -EBUSY);
	uk_netbuf_free(list);
	nb = uk_netpool_get(pool);
	UK_EXPECT(nb != NULL);
	uk_netbuf_free(nb);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

UK_TEST(netbuf, pool_gives_memory_back)
{
	struct uk_netpool_conf conf = small;
	struct uk_page_stats before, after;
	struct uk_netpool *pool;

	uk_page_stats(&before);
	conf.count = conf.max = 400;
	for (unsigned i = 0; i < 4; i++) {
		pool = uk_netpool_create(&conf);
		UK_REQUIRE(pool != NULL);
		UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
	}
	uk_page_stats(&after);
	UK_EXPECT_LE((long)before.free - (long)after.free,
		     128L << 10); /* the heap may have grown */
}

/* Under pressure a pool returns what is free, but for what it was made with; what is in use stays as it is. */
UK_TEST(netbuf, pool_shrinks)
{
	struct uk_netpool_conf conf = small;
	struct uk_netbuf *held[10], *list = NULL, *nb;
	unsigned count, used, n = 0, wrong = 0;
	struct uk_netpool *pool;

	uk_test_one_cpu();
	conf.max = 1000;
	pool = uk_netpool_create(&conf);
	UK_REQUIRE(pool != NULL);
	for (; (nb = uk_netpool_get(pool)); n++) {
		if (n % 100 == 50) {
			memset(uk_netbuf_append(nb, 1500), (int)n, 1500);
			held[n / 100] = nb;
			continue;
		}
		nb->next = list;
		list = nb;
	}
	UK_REQUIRE(n == 1000); /* or not all of held[] is there */
	uk_netbuf_free(list);
	UK_EXPECT(uk_page_shrink());
	uk_netpool_stats(pool, &count, &used);
	UK_EXPECT_EQ(used, 10U);
	UK_EXPECT_GE(count, 18U);
	UK_EXPECT_LE(count, 10 * 10 + 20U); /* a slab for each that is held, and those to keep */
	for (n = 0; n < 10; n++) {
		for (unsigned i = 0; i < 1500; i++)
			wrong += held[n]->data[i] != (unsigned char)(n * 100 + 50);
		uk_netbuf_free(held[n]);
	}
	UK_EXPECT_EQ(wrong, 0U);
	for (n = 0, list = NULL; (nb = uk_netpool_get(pool)); n++) {
		nb->next = list;
		list = nb;
	}
	UK_EXPECT_EQ(n, 1000U);
	uk_netbuf_free(list);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

UK_TEST(netbuf, no_such_pool)
{
	struct uk_netpool_conf conf = small;

	conf.size = 1 << 20;
	UK_EXPECT_EQ(uk_netpool_create(&conf), NULL);
	conf.size = UINT32_MAX - 100;
	UK_EXPECT_EQ(uk_netpool_create(&conf), NULL);
	conf.size = 60 << 10;
	conf.count = conf.max = 1 << 30; /* 61 TiB */
	UK_EXPECT_EQ(uk_netpool_create(&conf), NULL);
}

static unsigned released;

static void release(struct uk_netbuf *nb)
{
	released++;
	uk_netpool_put(nb);
}

/* Three pieces: two structures that point at a constant and at the stack, and a buffer. */
UK_TEST(netbuf, chain)
{
	static const unsigned char front[] = "0123456789";
	struct uk_netpool *bare = uk_netpool_create(&(struct uk_netpool_conf){ .count = 4 });
	struct uk_netpool *pool = uk_netpool_create(&small);
	struct uk_netbuf *a, *b, *c;
	char middle[7] = "abcdefg", out[32] = "";

	UK_REQUIRE(bare && pool);
	a = uk_netpool_get(bare);
	b = uk_netpool_get(bare);
	c = uk_netpool_get(pool);
	UK_REQUIRE(a && b && c);
	uk_netbuf_refer(a, (void *)front, 10, 0, release);
	uk_netbuf_refer(b, middle, 7, 0, release);
	memcpy(uk_netbuf_append(c, 5), "vwxyz", 5);
	uk_netbuf_chain(a, a, b);
	uk_netbuf_chain(a, b, c);
	UK_EXPECT_EQ(a->total, 22U);
	UK_EXPECT_EQ(a->pieces, 3);
	UK_EXPECT_EQ(uk_netbuf_copy_out(a, 0, out, sizeof(out)), 22UL);
	UK_EXPECT_STR(out, "0123456789abcdefgvwxyz");
	memset(out, 0, sizeof(out));
	UK_EXPECT_EQ(uk_netbuf_copy_out(a, 8, out, 10), 10UL);
	UK_EXPECT_STR(out, "89abcdefgv");
	UK_EXPECT_EQ(uk_netbuf_copy_out(a, 22, out, 10), 0UL);
	UK_EXPECT_EQ(uk_netbuf_copy_in(a, 15, "FGVW", 4), 4UL);
	UK_EXPECT_EQ(memcmp(middle, "abcdeFG", 7), 0);
	UK_EXPECT_EQ(memcmp(c->data, "VWxyz", 5), 0);
	released = 0;
	uk_netbuf_free(a);
	UK_EXPECT_EQ(released, 2U);
	UK_EXPECT_EQ(uk_netpool_destroy(bare), 0);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

UK_TEST(netbuf, headers)
{
	struct uk_netpool *pool = uk_netpool_create(&small);
	struct uk_netbuf *nb;

	UK_REQUIRE(pool != NULL);
	nb = uk_netpool_get(pool);
	UK_REQUIRE(nb != NULL);
	memcpy(uk_netbuf_append(nb, 4), "data", 4);
	memcpy(uk_netbuf_push(nb, 3), "ip:", 3);
	memcpy(uk_netbuf_push(nb, 4), "eth:", 4);
	UK_EXPECT_EQ(nb->len, 11U);
	UK_EXPECT_EQ(nb->total, 11U);
	UK_EXPECT_EQ(memcmp(nb->data, "eth:ip:data", 11), 0);
	UK_EXPECT_EQ(memcmp(uk_netbuf_pull(nb, 7), "data", 4), 0);
	UK_EXPECT_EQ(uk_netbuf_room_front(nb), 32UL);
	uk_netbuf_free(nb);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

/*
 * Buffers that one thread takes and another, on another CPU if there is one, puts back: none is lost,
 * and none is handed out twice.
 */
static struct uk_netbuf *passed[BATCH];
static uint32_t ready;
static unsigned rounds;

static void taker(void *arg)
{
	struct uk_netpool *pool = arg;

	for (unsigned i = 0; i < rounds * BATCH; i++) {
		struct uk_netbuf *nb;

		while (uk_atomic_load_acquire(&passed[i % BATCH]) || !(nb = uk_netpool_get(pool)))
			uk_sched_yield();
		UK_EXPECT_EQ(nb->flags, 0);
		nb->flags = 0xff;
		uk_atomic_store_release(&passed[i % BATCH], nb);
	}
	uk_atomic_store_release(&ready, 1);
}

UK_TEST(netbuf, pool_on_several_cpus)
{
	struct uk_netpool_conf conf = { .size = 64, .count = 16, .max = BATCH / 2 };
	struct uk_netpool *pool = uk_netpool_create(&conf);
	struct uk_thread *t;
	unsigned n = 0;

	UK_REQUIRE(pool != NULL);
	ready = 0;
	rounds = uk_test_rounds(20);
	t = uk_thread_create(NULL, "taker", taker, pool, NULL);
	UK_REQUIRE(t != NULL);
	for (; n < rounds * BATCH; n++) {
		struct uk_netbuf *nb;

		while (!(nb = uk_atomic_load_acquire(&passed[n % BATCH])))
			uk_sched_yield();
		UK_EXPECT_EQ(nb->flags, 0xff);
		uk_netbuf_free(nb);
		uk_atomic_store_release(&passed[n % BATCH], (struct uk_netbuf *)NULL);
	}
	uk_thread_join(t, UK_NSEC_MAX);
	UK_EXPECT_EQ(ready, 1U);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}
