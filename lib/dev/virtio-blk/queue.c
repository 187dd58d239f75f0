/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests (§5.2.6): a head, the data, and a byte in which the device says how it went. Head and byte are the driver's, in
 * an array with a place for each note of the ring; a request remembers where its own is. Requests that are submitted together and
 * touch are one of the device's.
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

/* A buffer of the ring that is being made: segments, of which the first is the head. */
struct buffer {
	struct uk_virtq_seg seg[SEGS];
	unsigned n;
	size_t size; /* of the data */
};

/* Adds a run of frames, to the last one if it goes on there; none is longer than the device allows. False: too many. */
static bool add_run(const struct vblk *v, struct buffer *b, uk_dma_t addr, size_t len)
{
	struct uk_virtq_seg *last = &b->seg[b->n - 1];

	if (b->n > 1 && last->addr + last->len == addr && last->len + len <= v->size_max) {
		last->len += (uint32_t)len;
		return true;
	}
	if (UK_UNLIKELY(b->n > v->dev.max_segs))
		return false;
	b->seg[b->n++] = (struct uk_virtq_seg){ addr, (uint32_t)len };
	return true;
}

/* Memory of any kind. */
static bool scattered(const struct vblk *v, struct buffer *b, const char *p, size_t len)
{
	uk_dma_t addr;

	while (len) {
		size_t run = uk_plat_dma_run(p, len, &addr);

		run = UK_MIN(run, (size_t)v->size_max);
		if (!run || !add_run(v, b, addr, run))
			return false;
		p += run;
		len -= run;
	}
	return true;
}

/* The data of a request. False: it is too much, or not mapped, and the buffer is as it was but for segments from its end on. */
static bool add_data(const struct vblk *v, const struct uk_blkreq *r, struct buffer *b)
{
	for (unsigned i = 0; i < r->nsegs; i++) {
		const struct uk_blkseg *s = &r->segs[i];

		if (UK_LIKELY(uk_plat_dma_direct(s->base)) && UK_LIKELY(s->len <= v->size_max)) {
			if (UK_UNLIKELY(!add_run(v, b, uk_plat_dma(s->base), s->len)))
				return false;
		} else if (!scattered(v, b, s->base, s->len)) {
			return false;
		}
	}
	b->size += r->size;
	return true;
}

/* Does `r`, which may not have been checked yet, go on where `last` ends, and is there room? Then it is of the same buffer. */
static bool join(const struct vblk *v, struct buffer *b, struct uk_blkreq *last,
		 struct uk_blkreq *r)
{
	unsigned n = b->n;
	uint32_t len = b->seg[n - 1].len;

	if (!uk_blkreq_follows(last, r) || uk_blkreq_check(&v->dev, r) ||
	    b->size + r->size > v->dev.max_size)
		return false;
	if (!add_data(v, r, b)) {
		b->n = n;
		b->seg[n - 1].len = len;
		return false;
	}
	last->next = r;
	r->next = NULL;
	r->private[FLUSHING] = false;
	return true;
}

static bool has_data(const struct uk_blkreq *r)
{
	return r->op == UK_BLK_READ || r->op == UK_BLK_WRITE;
}

static bool has_range(const struct uk_blkreq *r)
{
	return r->op == UK_BLK_DISCARD || r->op == UK_BLK_ZERO;
}

/* Of n others those that go on where `r`, whose data the buffer has, ends: as far as there is room in the ring. */
static void join_others(struct vblk_queue *q, struct buffer *b, struct uk_blkreq *r,
			struct uk_blkreq *const *others, unsigned n)
{
	struct uk_virtq_seg end = b->seg[b->n - 1];
	struct uk_blkreq *last = r;
	unsigned first = b->n;

	for (unsigned i = 0; i < n; i++, last = last->next) {
		others[i]->alone = false;
		if (!join(vblk_of(q->q.dev), b, last, others[i]))
			break;
	}
	if (last != r && UK_UNLIKELY(!uk_virtq_fits(q->vq, b->n + 1))) {
		r->next = NULL;
		b->n = first;
		b->seg[first - 1] = end;
	}
}

static void fill_head(const struct vblk *v, struct vblk_head *h, const struct uk_blkreq *r)
{
	h->type = types[r->op];
	h->reserved = 0;
	h->sector = has_data(r) ? r->offset / SECTOR : 0;
	h->range.sector = r->offset / SECTOR;
	h->range.sectors = (uint32_t)(r->size / SECTOR);
	h->range.flags = r->op == UK_BLK_ZERO && r->flags & UK_BLKREQ_UNMAP &&
					 v->dev.features & UK_BLKDEV_UNMAP
				 ? RANGE_UNMAP
				 : 0;
	h->status = S_NONE;
}

/*
 * Puts a request that has been checked into the ring, with those of n others that follow it. 0; -ENOSPC: no room now; -EINVAL: its
 * memory cannot be given to the device.
 */
static int add(struct vblk_queue *q, struct uk_blkreq *r, struct uk_blkreq *const *others,
	       unsigned n)
{
	struct uk_virtq *vq = q->vq;
	struct vblk_head *h;
	struct buffer b;
	unsigned in;

	if (UK_UNLIKELY(!vq->nfree))
		return -ENOSPC;
	h = &q->head[vq->free];
	b.n = 1;
	b.size = 0;
	b.seg[0] = (struct uk_virtq_seg){ uk_plat_dma(h), offsetof(struct vblk_head, range) };
	if (has_data(r)) {
		if (UK_UNLIKELY(!add_data(vblk_of(q->q.dev), r, &b)))
			return -EINVAL;
		if (n)
			join_others(q, &b, r, others, n);
	} else if (has_range(r)) {
		b.seg[b.n++] = (struct uk_virtq_seg){ uk_plat_dma(&h->range), sizeof(h->range) };
	}
	if (UK_UNLIKELY(!uk_virtq_fits(vq, b.n + 1)))
		return b.n + 1 > vq->size && !vq->inflight ? -EINVAL : -ENOSPC;
	fill_head(vblk_of(q->q.dev), h, r);
	r->private[HEAD] = (uintptr_t)h;
	b.seg[b.n] = (struct uk_virtq_seg){ uk_plat_dma(&h->status), 1 };
	in = r->op == UK_BLK_READ ? b.n : 1;
	return uk_virtq_add(vq, b.seg, b.n + 1 - in, in, r);
}

unsigned virtio_blk_submit(struct uk_blkq *blkq, struct uk_blkreq *const *reqs, unsigned n)
{
	struct vblk_queue *q = vblk_queue_of(blkq);
	bool failed = q->vq->dev->broken;
	unsigned i = 0;

	while (i < n) {
		struct uk_blkreq *r = reqs[i];
		int rc = UK_UNLIKELY(failed) ? -EIO : uk_blkreq_check(blkq->dev, r);

		r->next = NULL;
		if (UK_LIKELY(!rc)) {
			r->private[FLUSHING] = false;
			r->alone = false;
			rc = add(q, r, reqs + i + 1, n - i - 1);
			if (rc == -ENOSPC)
				break;
		}
		for (const struct uk_blkreq *part = r; part; part = part->next)
			i++;
		if (UK_UNLIKELY(rc))
			uk_blkreq_end(blkq, r, UK_MIN(rc, 0));
	}
	blkq->inflight = (uint16_t)(blkq->inflight + i);
	uk_virtq_kick(q->vq);
	return i;
}

/* The device is gone, and touches nothing any more: what it had ends. */
static unsigned give_up(struct vblk_queue *q, struct uk_blkreq **done, unsigned n)
{
	struct uk_blkreq *r;
	unsigned i = 0;

	uk_blkdev_failed(q->q.dev);
	if (q->again && n) {
		i = uk_blkreq_take(&q->q, q->again, -EIO, done, n);
		q->again = NULL;
	}
	while (i < n && (r = uk_virtq_drain(q->vq))) {
		if (r->private[FLUSHING])
			r->op = UK_BLK_WRITE;
		i += uk_blkreq_take(&q->q, r, -EIO, done + i, n - i);
	}
	return i;
}

/* The device does not say which of a chain it is that fails: each is tried again. */
static void try_each(struct vblk_queue *q, struct uk_blkreq *chain)
{
	struct uk_blkreq *last = chain;

	for (struct uk_blkreq *r = chain; r; r = r->next) {
		r->alone = true;
		last = r;
	}
	last->next = q->again;
	q->again = chain;
}

/* As many of those as there is room for; what waits for room is behind others, whose end brings us here again. */
static void add_again(struct vblk_queue *q)
{
	while (q->again) {
		struct uk_blkreq *r = q->again, *next = r->next;
		int rc;

		r->next = NULL;
		rc = add(q, r, NULL, 0);
		if (rc == -ENOSPC) {
			r->next = next;
			break;
		}
		q->again = next;
		if (rc)
			uk_blkreq_end(&q->q, r, rc);
	}
}

/* How it went: in the chain's first request. False: it goes on, as a flush, or each part by itself. */
static bool ended(struct vblk_queue *q, struct uk_blkreq *r)
{
	uint8_t status = *(volatile uint8_t *)&((struct vblk_head *)r->private[HEAD])->status;

	r->result = status == S_OK ? 0 : status == S_UNSUPP ? -EOPNOTSUPP : -EIO;
	if (UK_UNLIKELY(r->private[FLUSHING])) {
		r->op = UK_BLK_WRITE;
	} else if (UK_UNLIKELY(uk_blkreq_fua(q->q.dev, r))) {
		r->op = UK_BLK_FLUSH;
		r->private[FLUSHING] = true;
		if (!add(q, r, NULL, 0)) /* the write has left more room than that takes */
			return false;
		r->op = UK_BLK_WRITE;
		r->result = -EIO;
	} else if (UK_UNLIKELY(r->result) && r->next) {
		try_each(q, r);
		return false;
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
			i += uk_blkreq_take(blkq, r, r->result, done + i, n - i);
		else
			more = true;
	}
	if (UK_UNLIKELY(q->again != NULL) && !q->vq->dev->broken) {
		add_again(q);
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
	return uk_virtq_irq_on(q->vq, 1) || (q->vq->dev->broken && (q->vq->inflight || q->again));
}

void virtio_blk_irq_off(struct uk_blkq *blkq)
{
	uk_virtq_irq_off(vblk_queue_of(blkq)->vq);
}
