/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending (§5.1.6.2): virtio's header goes into the room before the frame if there is any, so that a packet of
 * one piece is one descriptor. The device never interrupts for what it has sent; that is let go of when half of the
 * queue is full, and when somebody waits for room.
 */
#include <uk/plat/dma.h>

#include "vnet.h"

#define SEGS VNET_SEGS
#define REAP 32U /* packets that are let go of at once, if they can wait */

unsigned virtio_net_reap(struct uk_netq *netq)
{
	struct vnet_queue *q = vnet_queue_of(netq);
	void *sent[2 * REAP];
	unsigned n;

	while ((n = uk_virtq_get_sent(q->vq, sent, UK_ARRAY_SIZE(sent))))
		for (unsigned i = 0; i < n; i++)
			uk_netbuf_free(sent[i]);
	return q->vq->inflight;
}

static bool sendable(const struct uk_netdev *dev, const struct uk_netbuf *pkt)
{
	uint32_t max = pkt->gso ? dev->tso_max : dev->mtu + UK_ETH_HEADER + 4U;

	return pkt->total >= UK_ETH_HEADER && pkt->total <= max && pkt->pieces <= dev->pieces;
}

/* Adds [p, p + len) to the segments, in as many as it has runs of frames. True: it has them. */
static UK_NOINLINE bool scattered(struct uk_virtq_seg *seg, unsigned *n, const unsigned char *p,
				  size_t len)
{
	while (len) {
		size_t run = *n < SEGS ? uk_plat_dma_run(p, len, &seg[*n].addr) : 0;

		if (!run)
			return false;
		seg[(*n)++].len = (uint32_t)run;
		p += run;
		len -= run;
	}
	return true;
}

static inline bool add_piece(struct uk_virtq_seg *seg, unsigned *n, const unsigned char *p,
			     uint32_t len)
{
	if (UK_UNLIKELY(!uk_plat_dma_direct(p)))
		return scattered(seg, n, p, len);
	seg[*n].addr = uk_plat_dma(p);
	seg[*n].len = len;
	++*n;
	return true;
}

/* The segments of a packet and its header; 0: it cannot be sent. */
static UK_NOINLINE unsigned build(struct vnet_queue *q, struct uk_netbuf *pkt,
				  struct uk_virtq_seg *seg)
{
	const struct uk_netbuf *nb = pkt;
	struct uk_vnet_hdr *h;
	unsigned n = 0;
	bool ok;

	if (UK_LIKELY(uk_netbuf_room_front(pkt) >= HDR)) {
		h = (struct uk_vnet_hdr *)(pkt->data - HDR);
		ok = add_piece(seg, &n, (unsigned char *)h, pkt->len + (uint32_t)HDR);
		nb = pkt->next;
	} else { /* of the note that the packet is going to have */
		h = &q->hdr[q->vq->free];
		ok = add_piece(seg, &n, (unsigned char *)h, HDR);
	}
	uk_vnet_from_netbuf(h, pkt);
	for (; nb && ok; nb = nb->next)
		if (nb->len)
			ok = n < SEGS && add_piece(seg, &n, nb->data, nb->len);
	return ok ? n : 0;
}

/* A packet that is not simple. 1: it is the device's; 0: it cannot be sent, and is gone; -1: the queue has no room. */
static UK_NOINLINE int send_pieces(struct vnet_queue *q, struct uk_netbuf *pkt)
{
	struct uk_virtq_seg seg[SEGS];
	unsigned segs = sendable(q->q.dev, pkt) ? build(q, pkt, seg) : 0;

	if (UK_UNLIKELY(!segs) || UK_UNLIKELY(segs > q->vq->size)) {
		uk_netq_error(&q->q);
		uk_netbuf_free(pkt);
		return 0;
	}
	if (UK_UNLIKELY(!uk_virtq_fits(q->vq, segs))) {
		virtio_net_reap(&q->q);
		if (!uk_virtq_fits(q->vq, segs))
			return -1;
		segs = build(q, pkt, seg); /* its header may have moved */
	}
	uk_netq_seen(&q->q, pkt);
	uk_virtq_add(q->vq, seg, segs, 0, pkt);
	return 1;
}

/* A packet in one piece, with room for the header, as most are: the device's, if there is an entry for it. False: it is another one. */
static inline bool send_simple(struct vnet_queue *q, struct uk_netbuf *pkt)
{
	const struct uk_netdev *dev = q->q.dev;
	struct uk_virtq *vq = q->vq;
	unsigned char *h = pkt->data - HDR;
	uint32_t total = pkt->total;

	if (UK_UNLIKELY(pkt->pieces != 1) || UK_UNLIKELY(total - UK_ETH_HEADER > dev->mtu) ||
	    UK_UNLIKELY(h < pkt->head) || UK_UNLIKELY(!uk_plat_dma_direct(h)))
		return false;
	uk_netq_seen(&q->q, pkt);
	uk_vnet_from_netbuf((struct uk_vnet_hdr *)h, pkt);
	uk_virtq_add_one(vq, uk_plat_dma(h), total + (uint32_t)HDR, pkt);
	return true;
}

/* Nobody waits for a device that is gone. */
static UK_COLD UK_NOINLINE unsigned drop_all(struct vnet_queue *q, struct uk_netbuf *const *pkts,
					     unsigned n)
{
	vnet_link(vnet_of(q->q.dev));
	for (unsigned i = 0; i < n; i++)
		uk_netbuf_free(pkts[i]);
	uk_netq_dropped(&q->q, n);
	return n;
}

/* Is it time to look for what has been sent? Where the device has less to let go of than is worth while, there is still room. */
static inline bool full(const struct uk_virtq *vq)
{
	return vq->nfree < vq->size / 2U &&
	       (!vq->nfree || uk_virtq_has_used(vq, UK_MIN(REAP, vq->size / 4U)));
}

/* Who holds packets back does so for a queue that is full, too, but not until there is no room. */
static inline bool wants_telling(const struct vnet_queue *q)
{
	return !q->q.hold || UK_UNLIKELY(q->vq->nfree < q->vq->size / 4U);
}

static UK_NOINLINE unsigned send_burst(struct vnet_queue *q, struct uk_netbuf *const *pkts,
				       unsigned n)
{
	struct uk_virtq *vq = q->vq;
	unsigned i, sent = 0;
	uint64_t bytes = 0;
	int rc;

	if (vnet_broken(q))
		return drop_all(q, pkts, n);
	if (UK_UNLIKELY(full(vq)))
		virtio_net_reap(&q->q);
	for (i = 0; i < n; i++) {
		struct uk_netbuf *pkt = pkts[i];
		uint32_t total = pkt->total;

		if (UK_UNLIKELY(!vq->nfree)) {
			virtio_net_reap(&q->q);
			if (!vq->nfree)
				break;
		}
		if (UK_UNLIKELY(!send_simple(q, pkt))) {
			rc = send_pieces(q, pkt);
			if (rc < 0)
				break;
			if (!rc)
				continue;
		}
		bytes += total;
		sent++;
	}
	uk_netq_count(&q->q, sent, bytes);
	uk_virtq_show(vq);
	if (wants_telling(q))
		uk_virtq_tell(vq);
	return i;
}

/* One usual packet into a queue with room is most of what there is: it takes a third of a burst of one. */
unsigned virtio_net_tx(struct uk_netq *netq, struct uk_netbuf *const *pkts, unsigned n)
{
	struct vnet_queue *q = vnet_queue_of(netq);
	struct uk_virtq *vq = q->vq;
	uint32_t total;

	if (UK_UNLIKELY(n != 1) || vnet_broken(q) || UK_UNLIKELY(full(vq)))
		return send_burst(q, pkts, n);
	total = pkts[0]->total;
	if (UK_UNLIKELY(!send_simple(q, pkts[0])))
		return send_burst(q, pkts, n);
	uk_netq_count(netq, 1, total);
	uk_virtq_show(vq);
	if (wants_telling(q))
		uk_virtq_tell(vq);
	return 1;
}

void virtio_net_tell(struct uk_netq *netq)
{
	uk_virtq_tell(vnet_queue_of(netq)->vq);
}

bool virtio_net_irq_on(struct uk_netq *netq)
{
	struct vnet_queue *q = vnet_queue_of(netq);

	if (!netq->tx)
		return uk_virtq_irq_on(q->vq, 1) && !vnet_broken(q);
	for (;;) {
		unsigned left = virtio_net_reap(netq);

		if (vnet_broken(q) || uk_virtq_room(q->vq) >= UK_MIN(SEGS, (unsigned)q->vq->size))
			return true;
		if (!uk_virtq_irq_on(q->vq, UK_MAX(left / 2, 1U)))
			return false;
	}
}

void virtio_net_irq_off(struct uk_netq *netq)
{
	uk_virtq_irq_off(vnet_queue_of(netq)->vq);
}
