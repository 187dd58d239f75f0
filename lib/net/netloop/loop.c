/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network device that receives what it sends, and the smallest example of a driver.
 *
 * A pair of queues is one ring of packets, with three indices that only grow: `sent` to where the
 * sender has put packets, `taken` to where the receiver has copied them into buffers of its own,
 * `reaped` to where the sender has let go of them. Each is written by one side only, so sender
 * and receiver may be on two CPUs without a lock. Offloads cost nothing: a checksum that is not
 * computed arrives as one that need not be, and a long TCP segment as one that was merged.
 */
#include <uk/alloc.h>
#include <uk/config.h>
#include <uk/init.h>
#include <uk/irq.h>
#include <uk/netdev_driver.h>
#include <uk/print.h>

#define DEVICES  CONFIG_LIBNETLOOP_DEVICES
#define LEN      256U /* packets in a ring, if the user does not say */
#define LEN_MAX  4096U
#define PIECES   64U
#define TSO_MAX  65535U
#define HEADROOM 16U

UK_NETDEV_PROVIDER(netloop);
UK_NETDEV_OPS(netloop);

struct ring {
	uint32_t len; /* a power of two */
	uint32_t sent UK_CPU_ALIGNED;
	uint32_t reaped;
	uint32_t taken UK_CPU_ALIGNED;
	struct uk_netbuf *pkts[];
};

struct queue {
	struct uk_netq q;
	struct ring *ring;
	struct queue *other; /* of this pair */
	uint32_t armed;      /* irq_on() waits */
};

struct loop {
	struct uk_netdev dev;
	struct queue rx[UK_NETDEV_QUEUES], tx[UK_NETDEV_QUEUES];
};

static struct loop loops[DEVICES];

static struct queue *queue_of(struct uk_netq *q)
{
	return UK_CONTAINER_OF(q, struct queue, q);
}

/* Is there what irq_on() of this queue waits for? */
static bool ready(const struct queue *me)
{
	const struct ring *r = me->ring;
	uint32_t sent = uk_atomic_load_acquire(&r->sent);
	uint32_t taken = uk_atomic_load_acquire(&r->taken);

	return me->q.tx ? taken != r->reaped || sent - r->reaped < r->len : sent != taken;
}

/* The device's interrupt: after the index that `other` looks at has changed. */
static void raise(struct queue *other)
{
	bool was;

	uk_atomic_fence();
	if (!uk_atomic_load_relaxed(&other->armed) || !uk_atomic_exchange(&other->armed, 0))
		return;
	was = uk_irq_save();
	uk_netq_event(&other->q);
	uk_irq_restore(was);
	uk_preempt_check();
}

bool netloop_irq_on(struct uk_netq *q)
{
	struct queue *me = queue_of(q);

	uk_atomic_store_relaxed(&me->armed, 1);
	uk_atomic_fence();
	if (!ready(me))
		return false;
	uk_atomic_store_relaxed(&me->armed, 0);
	return true;
}

/* What was sent is there. */
void netloop_tell(struct uk_netq *q)
{
}

void netloop_irq_off(struct uk_netq *q)
{
	uk_atomic_store_relaxed(&queue_of(q)->armed, 0);
}

unsigned netloop_reap(struct uk_netq *q)
{
	struct ring *r = queue_of(q)->ring;
	uint32_t taken = uk_atomic_load_acquire(&r->taken);

	while (r->reaped != taken)
		uk_netbuf_free(r->pkts[r->reaped++ & (r->len - 1)]);
	return r->sent - taken;
}

static bool sendable(const struct uk_netdev *dev, const struct uk_netbuf *pkt)
{
	uint32_t max = pkt->gso ? dev->tso_max : dev->mtu + UK_ETH_HEADER;

	return pkt->total >= UK_ETH_HEADER && pkt->total <= max && pkt->pieces <= dev->pieces;
}

unsigned netloop_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	struct queue *me = queue_of(q);
	struct ring *r = me->ring;
	uint32_t sent = r->sent;
	uint64_t bytes = 0;
	unsigned i;

	if (sent - r->reaped + n > r->len)
		netloop_reap(q);
	for (i = 0; i < n && sent - r->reaped < r->len; i++) {
		uk_netq_seen(q, pkts[i]);
		if (UK_UNLIKELY(!sendable(q->dev, pkts[i]))) {
			uk_netq_error(q);
			uk_netbuf_free(pkts[i]);
			continue;
		}
		bytes += pkts[i]->total;
		r->pkts[sent++ & (r->len - 1)] = pkts[i];
	}
	uk_netq_count(q, sent - r->sent, bytes);
	uk_atomic_store_release(&r->sent, sent);
	raise(me->other);
	return i;
}

/* A copy in buffers of the receiver's pool; NULL: it has not enough. */
static struct uk_netbuf *copy(struct uk_netpool *pool, const struct uk_netbuf *pkt)
{
	struct uk_netbuf *first = NULL, *last = NULL, *nb;
	size_t at = 0;

	while (at < pkt->total) {
		nb = uk_netpool_get(pool);
		if (!nb) {
			uk_netbuf_free(first);
			return NULL;
		}
		nb->len = nb->total = uk_netbuf_copy_out(pkt, at, nb->data, pool->size);
		at += nb->len;
		if (first)
			uk_netbuf_chain(first, last, nb);
		else
			first = nb;
		last = nb;
	}
	first->flags = pkt->flags;
	first->gso = pkt->gso;
	first->csum_start = pkt->csum_start;
	first->csum_offset = pkt->csum_offset;
	first->mss = pkt->mss;
	first->hdr_len = pkt->hdr_len;
	return first;
}

unsigned netloop_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n)
{
	struct queue *me = queue_of(q);
	struct ring *r = me->ring;
	uint32_t sent = uk_atomic_load_acquire(&r->sent), taken = r->taken;
	uint64_t bytes = 0;
	unsigned got = 0;

	if (taken == sent)
		return 0;
	while (got < n && taken != sent) {
		pkts[got] = copy(q->pool, r->pkts[taken++ & (r->len - 1)]);
		if (UK_UNLIKELY(!pkts[got])) {
			uk_netq_dropped(q, 1);
			continue;
		}
		uk_netq_seen(q, pkts[got]);
		bytes += pkts[got++]->total;
	}
	uk_netq_count(q, got, bytes);
	uk_atomic_store_release(&r->taken, taken);
	raise(me->other);
	return got;
}

static struct ring *ring_create(unsigned len)
{
	uint32_t n = 1;
	struct ring *r;

	while (n < UK_MIN(len ? len : LEN, LEN_MAX))
		n *= 2;
	r = uk_memalign(__alignof__(*r), sizeof(*r) + n * sizeof(r->pkts[0]));
	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->len = n;
	return r;
}

int netloop_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	struct loop *l = UK_CONTAINER_OF(dev, struct loop, dev);
	int err = uk_netdev_opening(dev, conf);

	if (err)
		return err;
	for (unsigned i = 0; i < dev->queues; i++) {
		struct ring *r = ring_create(conf->tx_len);

		if (!r) {
			while (i--)
				uk_free(l->tx[i].ring);
			return -ENOMEM;
		}
		uk_netq_init(&l->rx[i].q, dev, i, false, conf);
		uk_netq_init(&l->tx[i].q, dev, i, true, conf);
		l->rx[i].ring = l->tx[i].ring = r;
		l->rx[i].other = &l->tx[i];
		l->tx[i].other = &l->rx[i];
		l->rx[i].armed = l->tx[i].armed = 0;
	}
	dev->started = true;
	return 0;
}

void netloop_stop(struct uk_netdev *dev)
{
	struct loop *l = UK_CONTAINER_OF(dev, struct loop, dev);

	for (unsigned i = 0; i < dev->queues; i++) {
		struct ring *r = l->tx[i].ring;

		r->taken = r->sent;
		netloop_reap(&l->tx[i].q);
		uk_free(r);
	}
	dev->started = false;
}

static int netloop_init(void)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		struct uk_netdev *dev = &loops[i].dev;

		dev->ops = UK_OPS(&netloop_ops);
		dev->driver = "netloop";
		uk_snprintf(dev->name, sizeof(dev->name), "loop%u", i);
		dev->mac[0] = 2; /* locally administered (IEEE 802, §8.4) */
		dev->mac[5] = i;
		dev->mtu = UK_ETH_MTU;
		dev->link = true;
		dev->rx_split = true;
		dev->headroom = HEADROOM;
		dev->pieces = PIECES;
		dev->max_queues = UK_NETDEV_QUEUES;
		dev->features = UK_NETDEV_ALL;
		dev->tso_max = TSO_MAX;
		uk_netdev_register(dev);
	}
	return 0;
}
UK_INIT(UK_INIT_DEV, "5", netloop_init, NULL);
