/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving (§5.1.6.3, §5.1.6.4): each buffer is one descriptor, virtio's header in the room before its data, so
 * that the frame begins where the user expects it. A frame longer than a buffer goes on in the next
 * ones, which have no header: theirs begins where the header would be.
 */
#include <uk/plat/dma.h>

#include "vnet.h"

unsigned vnet_fill(struct vnet_queue *q)
{
	struct uk_netpool *pool = q->q.pool;
	struct uk_virtq *vq = q->vq;
	struct uk_virtq_seg seg;
	struct uk_netbuf *nb;

	seg.len = (uint32_t)(HDR + pool->size);
	for (unsigned n = uk_virtq_room(vq); n; n--) {
		nb = uk_netpool_get(pool);
		if (UK_UNLIKELY(!nb))
			break;
		seg.addr = uk_plat_dma(nb->data - HDR);
		uk_virtq_add(vq, &seg, 0, 1, nb);
	}
	return vq->inflight;
}

/* The first buffer of a packet. NULL: it is none, and gone. */
static struct uk_netbuf *first(struct vnet_queue *q, struct uk_netbuf *nb, uint32_t len)
{
	const struct uk_vnet_hdr *h = (const struct uk_vnet_hdr *)(nb->data - HDR);
	unsigned n = q->q.dev->rx_split ? UK_READ_ONCE(h->num_buffers) : 1;

	if (UK_UNLIKELY(len < HDR + UK_ETH_HEADER) || UK_UNLIKELY(!n)) {
		uk_netq_error(&q->q);
		uk_netbuf_free(nb);
		return NULL;
	}
	nb->len = nb->total = len - (uint32_t)HDR;
	q->missing = n - 1;
	if (UK_UNLIKELY(n > q->vq->size)) {
		uk_netbuf_free(nb);
		uk_virtio_broken(q->vq->dev, "a packet of %u buffers, and the queue has %u", n,
				 q->vq->size);
		return NULL;
	}
	q->partial = q->last = nb;
	return nb;
}

static void further(struct vnet_queue *q, struct uk_netbuf *nb, uint32_t len)
{
	nb->data -= HDR;
	nb->len = nb->total = len;
	uk_netbuf_chain(q->partial, q->last, nb);
	q->last = nb;
	q->missing--;
}

/* The next packet that is complete, or NULL: there is none, or *skip: this one was nothing. */
static inline struct uk_netbuf *next(struct vnet_queue *q, bool *skip)
{
	struct uk_netbuf *nb;
	uint32_t len;

	*skip = false;
	nb = uk_virtq_get(q->vq, &len);
	if (!nb)
		return NULL;
	if (UK_LIKELY(!q->partial)) {
		nb = first(q, nb, len);
		*skip = !nb;
	} else {
		further(q, nb, len);
		nb = q->partial;
	}
	if (!nb || UK_UNLIKELY(q->missing)) {
		*skip = true;
		return NULL;
	}
	q->partial = NULL;
	return nb;
}

unsigned virtio_net_rx(struct uk_netq *netq, struct uk_netbuf **pkts, unsigned n)
{
	struct vnet_queue *q = vnet_queue_of(netq);
	uint64_t bytes = 0;
	unsigned got = 0;
	bool skip;

	while (got < n) {
		struct uk_netbuf *nb = next(q, &skip);

		if (!nb) {
			if (skip)
				continue;
			break;
		}
		if (UK_UNLIKELY(
			    !uk_vnet_to_netbuf(nb, (const struct uk_vnet_hdr *)(nb->data - HDR)))) {
			uk_netq_error(netq);
			uk_netbuf_free(nb);
			continue;
		}
		uk_netq_seen(netq, nb);
		bytes += nb->total;
		pkts[got++] = nb;
	}
	if (vnet_broken(q)) {
		vnet_link(vnet_of(netq->dev));
		return got;
	}
	if (got)
		uk_netq_count(netq, got, bytes);
	else if (UK_LIKELY(uk_virtq_room(q->vq) <= q->vq->size / 2U))
		return 0;
	vnet_fill(q);
	uk_virtq_kick(q->vq);
	return got;
}
