/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests (§5.2.6): a head, the data, and a byte in which the device says how it went. Head and byte are the driver's, in
 * an array with a place for each note of the ring; a request remembers where its own is.
 *
 * Of the device we read which request is done, checked by the ring against what is in flight, and that byte,
 * once. How many bytes it says it has written decides nothing.
 */
#include <uk/plat/dma.h>
#include <uk/string.h>

#include "vblk.h"

/* Of a request's private words: where its head is; and whether it is a write whose flush is under way. */
#define HEAD     0
#define FLUSHING 1

static const uint32_t types[UK_BLK_OPS] = {
	[UK_BLK_READ] = T_IN,         [UK_BLK_WRITE] = T_OUT,         [UK_BLK_FLUSH] = T_FLUSH,
	[UK_BLK_DISCARD] = T_DISCARD, [UK_BLK_ZERO] = T_WRITE_ZEROES,
};

/* Adds memory of any kind, in as many segments as it has runs of frames, none longer than the device allows. */
static bool scattered(const struct vblk *v, struct uk_virtq_seg *seg, unsigned *n, const char *p,
		      size_t len)
{
	while (len) {
		size_t run = *n < SEGS - 1 ? uk_plat_dma_run(p, len, &seg[*n].addr) : 0;

		if (!run)
			return false;
		run = UK_MIN(run, (size_t)v->size_max);
		seg[(*n)++].len = (uint32_t)run;
		p += run;
		len -= run;
	}
	return true;
}

/* The segments of the data behind the head; how many there are then, 0: too many, or not mapped. */
static unsigned add_data(const struct vblk *v, const struct uk_blkreq *r, struct uk_virtq_seg *seg)
{
	unsigned n = 1;

	for (unsigned i = 0; i < r->nsegs; i++) {
		const struct uk_blkseg *s = &r->segs[i];

		if (UK_LIKELY(uk_plat_dma_direct(s->base)) && UK_LIKELY(s->len <= v->size_max)) {
			seg[n].addr = uk_plat_dma(s->base);
			seg[n++].len = (uint32_t)s->len;
		} else if (!scattered(v, seg, &n, s->base, s->len)) {
			return 0;
		}
		if (UK_UNLIKELY(n >= SEGS))
			return 0;
	}
	return n - 1 <= v->dev.max_segs ? n : 0;
}

static bool has_range(const struct uk_blkreq *r)
{
	return r->op == UK_BLK_DISCARD || r->op == UK_BLK_ZERO;
}

/*
 * Puts a request that has been checked into the ring. 0; -ENOSPC: no room now; -EINVAL: its memory cannot be given
 * to the device.
 */
static int add(struct vblk_queue *q, struct uk_blkreq *r)
{
	struct vblk *v = vblk_of(q->q.dev);
	struct uk_virtq *vq = q->vq;
	struct uk_virtq_seg seg[SEGS];
	struct vblk_head *h;
	unsigned n = 1, in;

	if (UK_UNLIKELY(!vq->nfree))
		return -ENOSPC;
	h = &q->head[vq->free];
	seg[0] = (struct uk_virtq_seg){ uk_plat_dma(h), offsetof(struct vblk_head, range) };
	if (r->op == UK_BLK_READ || r->op == UK_BLK_WRITE) {
		n = add_data(v, r, seg);
		if (UK_UNLIKELY(!n))
			return -EINVAL;
	} else if (has_range(r)) {
		seg[n++] = (struct uk_virtq_seg){ uk_plat_dma(&h->range), sizeof(h->range) };
	}
	if (UK_UNLIKELY(!uk_virtq_fits(vq, n + 1)))
		return n + 1 > vq->size && !vq->inflight ? -EINVAL : -ENOSPC;
	h->type = types[r->op];
	h->reserved = 0;
	h->sector = 0;
	if (r->op == UK_BLK_READ || r->op == UK_BLK_WRITE)
		h->sector = r->offset / SECTOR;
	h->range.sector = r->offset / SECTOR;
	h->range.sectors = (uint32_t)(r->size / SECTOR);
	h->range.flags = r->op == UK_BLK_ZERO && r->flags & UK_BLKREQ_UNMAP &&
					 v->dev.features & UK_BLKDEV_UNMAP
				 ? RANGE_UNMAP
				 : 0;
	h->status = S_NONE;
	r->private[HEAD] = (uintptr_t)h;
	seg[n] = (struct uk_virtq_seg){ uk_plat_dma(&h->status), 1 };
	in = r->op == UK_BLK_READ ? n : 1;
	return uk_virtq_add(vq, seg, n + 1 - in, in, r);
}

unsigned virtio_blk_submit(struct uk_blkq *blkq, struct uk_blkreq *const *reqs, unsigned n)
{
	struct vblk_queue *q = vblk_queue_of(blkq);
	bool failed = q->vq->dev->broken;
	unsigned i;

	for (i = 0; i < n; i++) {
		struct uk_blkreq *r = reqs[i];
		int rc = UK_UNLIKELY(failed) ? -EIO : uk_blkreq_check(blkq->dev, r);

		if (UK_LIKELY(!rc)) {
			r->private[FLUSHING] = false;
			rc = add(q, r);
			if (rc == -ENOSPC)
				break;
		}
		if (UK_UNLIKELY(rc))
			uk_blkreq_end(blkq, r, UK_MIN(rc, 0));
		blkq->inflight++;
	}
	uk_virtq_kick(q->vq);
	return i;
}

/* The device is gone, and touches nothing any more: what it had ends. */
static unsigned give_up(struct vblk_queue *q, struct uk_blkreq **done, unsigned n)
{
	struct uk_blkreq *r;
	unsigned i;

	uk_blkdev_failed(q->q.dev);
	for (i = 0; i < n && (r = uk_virtq_drain(q->vq)); i++) {
		r->result = -EIO;
		done[i] = r;
	}
	return i;
}

/* How it went. False: it goes on, as a flush. */
static bool ended(struct vblk_queue *q, struct uk_blkreq *r)
{
	uint8_t status = *(volatile uint8_t *)&((struct vblk_head *)r->private[HEAD])->status;

	r->result = status == S_OK ? 0 : status == S_UNSUPP ? -EOPNOTSUPP : -EIO;
	if (UK_UNLIKELY(r->private[FLUSHING]))
		r->op = UK_BLK_WRITE;
	else if (UK_UNLIKELY(uk_blkreq_fua(q->q.dev, r))) {
		r->op = UK_BLK_FLUSH;
		r->private[FLUSHING] = true;
		if (!add(q, r)) /* the write has left more room than that takes */
			return false;
		r->op = UK_BLK_WRITE;
		r->result = -EIO;
	}
	return true;
}

unsigned virtio_blk_reap(struct uk_blkq *blkq, struct uk_blkreq **done, unsigned n)
{
	struct vblk_queue *q = vblk_queue_of(blkq);
	unsigned i = uk_blkq_ended(blkq, done, n);
	struct uk_blkreq *r;
	bool more = false;
	uint32_t len;

	while (i < n && (r = uk_virtq_get(q->vq, &len))) {
		if (UK_LIKELY(ended(q, r)))
			done[i++] = r;
		else
			more = true;
	}
	if (UK_UNLIKELY(more))
		uk_virtq_kick(q->vq);
	if (UK_UNLIKELY(q->vq->dev->broken))
		i += give_up(q, done + i, n - i);
	blkq->inflight = (uint16_t)(blkq->inflight - i);
	return i;
}

bool virtio_blk_irq_on(struct uk_blkq *blkq)
{
	struct vblk_queue *q = vblk_queue_of(blkq);

	if (blkq->ended)
		return true;
	return uk_virtq_irq_on(q->vq, 1) || (q->vq->dev->broken && q->vq->inflight);
}

void virtio_blk_irq_off(struct uk_blkq *blkq)
{
	uk_virtq_irq_off(vblk_queue_of(blkq)->vq);
}
