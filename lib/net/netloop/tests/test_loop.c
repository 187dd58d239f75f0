/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device, seen by its user: bursts, full queues, releases, waiting; by the one that loops back.
 */
#include <uk/netdev.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/waitq.h>

#define RING 32U

static struct uk_netdev *dev;
static struct uk_netpool *pool;
static unsigned events, released, busy;
static struct uk_waitq wq;

static void event(struct uk_netq *q, void *arg)
{
	UK_EXPECT_EQ(arg, (void *)&wq);
	UK_EXPECT(uk_irq_disabled());
	uk_atomic_add_relaxed(&events, 1);
	uk_waitq_wake_all(&wq);
}

static bool begin(unsigned queues, unsigned max)
{
	struct uk_netdev_conf conf = {
		.queues = queues, .tx_len = RING, .event = event, .arg = &wq
	};

	dev = uk_netdev_find("loop0");
	if (!UK_EXPECT(dev != NULL))
		return false;
	pool = uk_netpool_create(&(struct uk_netpool_conf){
		.size = 1536, .headroom = dev->headroom, .count = max, .max = max });
	if (!UK_EXPECT(pool != NULL))
		return false;
	conf.pool = pool;
	events = released = 0;
	return UK_EXPECT_EQ(uk_netdev_start(dev, &conf), 0);
}

static void end(void)
{
	uk_netdev_stop(dev);
	UK_EXPECT_EQ(uk_netpool_destroy(pool), 0);
}

/* A frame whose bytes follow from `tag`. */
static struct uk_netbuf *frame(unsigned tag, unsigned len)
{
	struct uk_netbuf *nb = uk_netpool_get(pool);
	unsigned char *p;

	if (!nb)
		return NULL;
	p = uk_netbuf_append(nb, len);
	for (unsigned i = 0; i < len; i++)
		p[i] = tag * 7 + i;
	return nb;
}

static bool is_frame(const struct uk_netbuf *nb, unsigned tag, unsigned len)
{
	unsigned wrong = nb->total != len;
	unsigned char b = 0;

	for (unsigned i = 0; i < nb->total; i++) {
		uk_netbuf_copy_out(nb, i, &b, 1);
		wrong += b != (unsigned char)(tag * 7 + i);
	}
	return !wrong;
}

UK_TEST(netloop, what_it_is)
{
	struct uk_netdev_conf conf = { 0 };
	struct uk_netpool *bad;

	UK_REQUIRE(begin(1, 64));
	UK_EXPECT_EQ(uk_netdev_get(dev->index), dev);
	UK_EXPECT_EQ(uk_netdev_get(1000), NULL);
	UK_EXPECT_EQ(uk_netdev_find("loop"), NULL);
	UK_EXPECT_EQ(dev->mtu, 1500);
	UK_EXPECT(dev->link);
	UK_EXPECT_EQ(dev->queues, 1);
	conf.pool = pool;
	UK_EXPECT_EQ(uk_netdev_start(dev, &conf), -EBUSY);
	end();
	conf.pool = NULL;
	UK_EXPECT_EQ(uk_netdev_start(dev, &conf), -EINVAL);
	bad = uk_netpool_create(&(struct uk_netpool_conf){ .size = 1536, .count = 1 });
	UK_REQUIRE(bad != NULL);
	conf.pool = bad; /* no headroom */
	UK_EXPECT_EQ(uk_netdev_start(dev, &conf), -EINVAL);
	UK_EXPECT_EQ(uk_netpool_destroy(bad), 0);
}

UK_TEST(netloop, bursts_in_order)
{
	struct uk_netbuf *pkts[8];
	unsigned sent = 0, got = 0, n, i;

	UK_REQUIRE(begin(1, 64));
	for (unsigned round = 0; round < 50; round++) {
		for (i = 0; i < 8; i++)
			UK_REQUIRE(pkts[i] = frame(sent + i, 14 + (sent + i) % 1500));
		UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], pkts, 8), 8U);
		sent += 8;
		while ((n = uk_netdev_rx(dev->rx[0], pkts, 5)))
			for (i = 0; i < n; i++, got++) {
				UK_EXPECT(is_frame(pkts[i], got, 14 + got % 1500));
				uk_netbuf_free(pkts[i]);
			}
	}
	UK_EXPECT_EQ(got, 400U);
	UK_EXPECT_EQ(uk_netdev_stats(dev, true).packets, 400UL);
	UK_EXPECT_EQ(uk_netdev_stats(dev, false).packets, 400UL);
	UK_EXPECT_EQ(uk_netdev_stats(dev, true).bytes, uk_netdev_stats(dev, false).bytes);
	UK_EXPECT_EQ(events, 0U);
	end();
}

/* It takes what it has room for, says so when it has some again, and lets go of each packet once. */
static void count_release(struct uk_netbuf *nb)
{
	released++;
	uk_netpool_put(nb);
}

UK_TEST(netloop, full_queue)
{
	struct uk_netbuf *pkts[RING + 4], *got[RING + 4];
	struct uk_netpool *bare = uk_netpool_create(&(struct uk_netpool_conf){ .count = RING + 4 });
	static unsigned char data[60];
	unsigned n;

	UK_REQUIRE(bare && begin(1, 64));
	for (n = 0; n < RING + 4; n++) {
		UK_REQUIRE(pkts[n] = uk_netpool_get(bare));
		uk_netbuf_refer(pkts[n], data, sizeof(data), 0, count_release);
	}
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], pkts, RING + 4), RING);
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], pkts + RING, 4), 0U);
	UK_EXPECT_EQ(uk_netdev_reap(dev->tx[0]), RING);
	UK_EXPECT_EQ(released, 0U);
	UK_EXPECT(!uk_netdev_irq_on(dev->tx[0]));
	UK_EXPECT_EQ(events, 0U);
	n = uk_netdev_rx(dev->rx[0], got, 8);
	UK_EXPECT_EQ(n, 8U);
	while (n--)
		uk_netbuf_free(got[n]);
	UK_EXPECT_EQ(events, 1U);
	UK_EXPECT(uk_netdev_irq_on(dev->tx[0]));
	UK_EXPECT_EQ(uk_netdev_reap(dev->tx[0]), RING - 8);
	UK_EXPECT_EQ(released, 8U);
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], pkts + RING, 4), 4U);
	end(); /* lets go of the rest */
	UK_EXPECT_EQ(released, RING + 4);
	UK_EXPECT_EQ(uk_netpool_destroy(bare), 0);
}

UK_TEST(netloop, one_interrupt_for_one_request)
{
	struct uk_netbuf *nb;

	UK_REQUIRE(begin(1, 64));
	UK_EXPECT(!uk_netdev_irq_on(dev->rx[0]));
	UK_EXPECT(!uk_netdev_irq_on(dev->rx[0]));
	for (unsigned i = 0; i < 3; i++) {
		UK_REQUIRE(nb = frame(i, 60));
		UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &nb, 1), 1U);
	}
	UK_EXPECT_EQ(events, 1U);
	UK_EXPECT(uk_netdev_irq_on(dev->rx[0])); /* packets are waiting: none will come */
	while (uk_netdev_rx(dev->rx[0], &nb, 1))
		uk_netbuf_free(nb);
	UK_EXPECT(!uk_netdev_irq_on(dev->rx[0]));
	uk_netdev_irq_off(dev->rx[0]);
	UK_REQUIRE(nb = frame(9, 60));
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &nb, 1), 1U);
	UK_EXPECT_EQ(events, 1U);
	end();
}

UK_TEST(netloop, nonsense_is_counted)
{
	struct uk_netbuf *nb;

	UK_REQUIRE(begin(1, 64));
	UK_REQUIRE(nb = frame(0, 13)); /* no header */
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &nb, 1), 1U);
	UK_REQUIRE(nb = frame(0, 1515)); /* too long */
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &nb, 1), 1U);
	UK_REQUIRE(nb = frame(0, 60));
	nb->pieces = dev->pieces + 1; /* too many */
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &nb, 1), 1U);
	UK_EXPECT_EQ(uk_netdev_stats(dev, true).errors, 3UL);
	UK_EXPECT_EQ(uk_netdev_rx(dev->rx[0], &nb, 1), 0U);
	end();
}

UK_TEST(netloop, no_buffer_for_it)
{
	struct uk_netbuf *pkts[4], *nb;

	UK_REQUIRE(begin(1, 4));
	for (unsigned i = 0; i < 4; i++)
		UK_REQUIRE(pkts[i] = frame(i, 60));
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], pkts, 4), 4U);
	UK_EXPECT_EQ(uk_netdev_rx(dev->rx[0], &nb, 1), 0U);
	UK_EXPECT_EQ(uk_netdev_stats(dev, false).drops, 4UL);
	end();
}

/* 5,000 bytes in pieces go as one, with what the device would be asked to do. */
UK_TEST(netloop, long_packet)
{
	struct uk_netbuf *pkt = NULL, *last = NULL, *nb;
	unsigned char *p;

	UK_REQUIRE(begin(1, 64));
	for (unsigned i = 0; i < 5; i++) {
		UK_REQUIRE(nb = uk_netpool_get(pool));
		p = uk_netbuf_append(nb, 1000);
		for (unsigned j = 0; j < 1000; j++)
			p[j] = 3 * 7 + i * 1000 + j;
		if (pkt)
			uk_netbuf_chain(pkt, last, nb);
		else
			pkt = nb;
		last = nb;
	}
	pkt->flags = UK_NETBUF_CSUM;
	pkt->gso = UK_NETBUF_TSO4;
	pkt->mss = 1460;
	pkt->hdr_len = 54;
	pkt->csum_start = 34;
	pkt->csum_offset = 16;
	UK_EXPECT_EQ(uk_netdev_tx(dev->tx[0], &pkt, 1), 1U);
	UK_REQUIRE(uk_netdev_rx(dev->rx[0], &nb, 1) == 1);
	UK_EXPECT_EQ(nb->pieces, 4);
	UK_EXPECT(is_frame(nb, 3, 5000));
	UK_EXPECT_EQ(nb->flags, UK_NETBUF_CSUM);
	UK_EXPECT_EQ(nb->gso, UK_NETBUF_TSO4);
	UK_EXPECT_EQ(nb->mss, 1460);
	UK_EXPECT_EQ(nb->hdr_len, 54);
	UK_EXPECT_EQ(nb->csum_start, 34);
	UK_EXPECT_EQ(nb->csum_offset, 16);
	uk_netbuf_free(nb);
	end();
}

/* One thread sends, another receives, each waits when it has to; on two CPUs if there are two. */
static void sender(void *arg)
{
	unsigned total = (unsigned)(uintptr_t)arg, sent = 0;
	struct uk_netbuf *nb;

	while (sent < total) {
		while (!(nb = frame(sent, 60 + sent % 1000)))
			uk_sched_yield();
		while (!uk_netdev_tx(dev->tx[0], &nb, 1))
			UK_WAIT(&wq, uk_netdev_irq_on(dev->tx[0]), UK_NSEC_MAX);
		sent++;
	}
	uk_atomic_store_release(&busy, 0);
}

UK_TEST(netloop, sender_and_receiver)
{
	unsigned total = uk_test_rounds(2000), got = 0, wrong = 0, n;
	struct uk_netbuf *pkts[16];
	struct uk_thread *t;

	UK_REQUIRE(begin(1, 256));
	busy = 1;
	t = uk_thread_create(NULL, "sender", sender, (void *)(uintptr_t)total, NULL);
	UK_REQUIRE(t != NULL);
	while (got < total) {
		n = uk_netdev_rx(dev->rx[0], pkts, 16);
		if (!n)
			UK_WAIT(&wq, uk_netdev_irq_on(dev->rx[0]), UK_NSEC_MAX);
		for (unsigned i = 0; i < n; i++, got++) {
			wrong += !is_frame(pkts[i], got, 60 + got % 1000);
			uk_netbuf_free(pkts[i]);
		}
	}
	uk_thread_join(t, UK_NSEC_MAX);
	UK_EXPECT_EQ(busy, 0U);
	UK_EXPECT_EQ(wrong, 0U);
	UK_EXPECT_EQ(uk_netdev_stats(dev, false).drops, 0UL);
	end();
}

/* A device has a pair of queues for each CPU, and they are apart. */
UK_TEST(netloop, queues_are_apart)
{
	struct uk_netbuf *nb;

	UK_REQUIRE(begin(UK_CPUS, 3 * UK_CPUS));
	UK_EXPECT_EQ(dev->queues, UK_CPUS);
	for (unsigned i = 0; i < dev->queues; i++) {
		UK_EXPECT_EQ(dev->rx[i]->index, i);
		UK_REQUIRE(nb = frame(i, 100));
		UK_EXPECT_EQ(uk_netdev_tx(dev->tx[i], &nb, 1), 1U);
	}
	for (unsigned i = dev->queues; i--;) {
		UK_REQUIRE(uk_netdev_rx(dev->rx[i], &nb, 1) == 1);
		UK_EXPECT(is_frame(nb, i, 100));
		uk_netbuf_free(nb);
		UK_EXPECT_EQ(uk_netdev_rx(dev->rx[i], &nb, 1), 0U);
	}
	end();
}
