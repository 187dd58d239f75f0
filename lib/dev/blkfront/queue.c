/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests: each page of the data is a segment, granted until the answer has come, or copied to or from a page that stays granted. Up to 11
 * are in the ring's entry, more in a list.
 *
 * Of the backend we read which request is done, checked against what it has, and how that went, once.
 */
#include <uk/errno.h>
#include <uk/string.h>

#include "blkfront.h"

/* A request's private word: it is a write whose flush is under way. */
#define FLUSHING 0

void blkfront_park(struct queue *q, struct uk_blkreq *r)
{
	r->next = NULL;
	*q->parked_end = r;
	q->parked_end = &r->next;
}

/* ---- out ---- */

/* The pages of a request as segments, each granted; how many. */
static unsigned add_granted(struct share *s, struct slot *slot, const struct uk_blkreq *r,
			    struct blkif_request_segment *seg)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nsegs; i++) {
		const char *p = r->segs[i].base;
		size_t left = r->segs[i].len;

		while (left) {
			size_t at = (uintptr_t)p % UK_PAGE_SIZE,
			       len = UK_MIN(left, UK_PAGE_SIZE - at);

			seg[n].gref = slot->refs[n];
			seg[n].first_sect = (uint8_t)(at / SECTOR);
			seg[n].last_sect = (uint8_t)((at + len) / SECTOR - 1);
			uk_xen_grant_set(slot->refs[n], s->bf->bus->remote, p,
					 r->op == UK_BLK_WRITE);
			n++;
			p += len;
			left -= len;
		}
	}
	return n;
}

/* ---- data by way of pages that stay granted ---- */

/* Copies between the request's memory and its pages, which are full but for the last. */
static void copy(const struct share *s, const struct slot *slot, const struct uk_blkreq *r,
		 bool out)
{
	size_t at = 0;

	for (unsigned i = 0; i < r->nsegs; i++) {
		char *p = r->segs[i].base;
		size_t left = r->segs[i].len, n;

		for (; left; left -= n, p += n, at += n) {
			char *page = s->kept[slot->kept[at / UK_PAGE_SIZE]].va;

			n = UK_MIN(left, UK_PAGE_SIZE - at % UK_PAGE_SIZE);
			if (out)
				memcpy(page + at % UK_PAGE_SIZE, p, n);
			else
				memcpy(p, page + at % UK_PAGE_SIZE, n);
		}
	}
}

/* As add_data(); there are as many pages as it needs. */
static unsigned add_kept(struct share *s, struct slot *slot, const struct uk_blkreq *r,
			 struct blkif_request_segment *seg)
{
	size_t left = r->size, n;
	unsigned i = 0;

	for (; left; left -= n, i++) {
		n = UK_MIN(left, UK_PAGE_SIZE);
		slot->kept[i] = s->kept_free[--s->nkept_free];
		seg[i].gref = s->kept[slot->kept[i]].ref;
		seg[i].first_sect = 0;
		seg[i].last_sect = (uint8_t)(n / SECTOR - 1);
	}
	if (r->op == UK_BLK_WRITE)
		copy(s, slot, r, true);
	return i;
}

/* The answer has come, or no other will. */
static void free_kept(struct share *s, struct slot *slot)
{
	for (unsigned i = slot->used; i--;)
		s->kept_free[s->nkept_free++] = slot->kept[i];
}

static unsigned pages_of(const struct share *s, const struct uk_blkreq *r)
{
	unsigned n = 0;

	if (s->kept)
		return (unsigned)((r->size + UK_PAGE_SIZE - 1) / UK_PAGE_SIZE);
	for (unsigned i = 0; i < r->nsegs; i++)
		n += (unsigned)(((uintptr_t)r->segs[i].base % UK_PAGE_SIZE + r->segs[i].len +
				 UK_PAGE_SIZE - 1) /
				UK_PAGE_SIZE);
	return n;
}

static unsigned add_data(struct share *s, struct slot *slot, const struct uk_blkreq *r,
			 struct blkif_request_segment *seg)
{
	return s->kept ? add_kept(s, slot, r, seg) : add_granted(s, slot, r, seg);
}

static void put_data(struct share *s, struct slot *slot, const struct uk_blkreq *r, uint64_t id,
		     unsigned pages)
{
	struct blkif_request *q = RING_GET_REQUEST(&s->ring, s->ring.req_prod_pvt);
	struct blkif_request_indirect *long_q = (struct blkif_request_indirect *)q;
	uint8_t op = r->op == UK_BLK_WRITE ? BLKIF_OP_WRITE : BLKIF_OP_READ;

	if (pages <= SEGS_DIRECT) {
		q->operation = op;
		q->handle = s->bf->handle;
		q->id = id;
		q->sector_number = r->offset / SECTOR;
		q->nr_segments = (uint8_t)add_data(s, slot, r, q->seg);
		return;
	}
	long_q->operation = BLKIF_OP_INDIRECT;
	long_q->indirect_op = op;
	long_q->handle = s->bf->handle;
	long_q->id = id;
	long_q->sector_number = r->offset / SECTOR;
	long_q->nr_segments = (uint16_t)add_data(s, slot, r, slot->list);
	long_q->indirect_grefs[0] = slot->list_ref;
}

static void put_range(struct share *s, const struct uk_blkreq *r, uint64_t id)
{
	struct blkif_request_discard *q =
		(struct blkif_request_discard *)RING_GET_REQUEST(&s->ring, s->ring.req_prod_pvt);

	q->operation = BLKIF_OP_DISCARD;
	q->flag = 0;
	q->handle = s->bf->handle;
	q->id = id;
	q->sector_number = r->offset / SECTOR;
	q->nr_sectors = r->size / SECTOR;
}

static void put_flush(struct share *s, uint64_t id)
{
	struct blkif_request *q = RING_GET_REQUEST(&s->ring, s->ring.req_prod_pvt);

	memset(q, 0, sizeof(*q));
	q->operation = BLKIF_OP_FLUSH_DISKCACHE;
	q->handle = s->bf->handle;
	q->id = id;
}

/* 0; -ENOSPC: no room in the ring now; -EAGAIN: no pages; -EINVAL: it touches too many. */
static int add(struct share *s, struct uk_blkreq *r)
{
	struct slot *slot;
	unsigned pages = 0;
	uint16_t id;

	if (UK_UNLIKELY(!s->nfree))
		return -ENOSPC;
	id = s->free[s->nfree - 1];
	slot = &s->slot[id];
	if (r->op == UK_BLK_READ || r->op == UK_BLK_WRITE) {
		pages = pages_of(s, r);
		if (UK_UNLIKELY(pages > s->max_pages))
			return -EINVAL;
		if (s->kept && UK_UNLIKELY(pages > s->nkept_free))
			return -EAGAIN;
		put_data(s, slot, r, id, pages);
	} else if (r->op == UK_BLK_DISCARD) {
		put_range(s, r, id);
	} else {
		put_flush(s, id);
	}
	s->nfree--;
	s->ring.req_prod_pvt++;
	slot->r = r;
	slot->used = (uint16_t)pages;
	return 0;
}

static void tell(struct share *s)
{
	int notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&s->ring, notify);
	if (notify)
		uk_xen_event_notify(s->port);
}

void blkfront_unpark(struct queue *q)
{
	struct share *s = q->share;

	while (q->parked && s->live && !s->dead) {
		struct uk_blkreq *r = q->parked;
		int rc = uk_blkreq_check(&s->bf->dev,
					 r); /* the next backend's device may be another */

		if (!rc)
			rc = add(s, r);
		if (rc == -ENOSPC || rc == -EAGAIN)
			break;
		q->parked = r->next;
		if (!q->parked)
			q->parked_end = &q->parked;
		if (rc)
			uk_blkreq_end(&q->q, r, UK_MIN(rc, 0));
	}
	tell(s);
}

unsigned blkfront_submit(struct uk_blkq *blkq, struct uk_blkreq *const *reqs, unsigned n)
{
	struct queue *q = blkfront_queue(blkq);
	bool irq = uk_spin_lock_irq(&q->lock);
	struct share *s = q->share;
	unsigned i;

	for (i = 0; i < n; i++) {
		struct uk_blkreq *r = reqs[i];
		int rc = UK_UNLIKELY(blkq->dev->failed) ? -EIO : uk_blkreq_check(blkq->dev, r);

		if (UK_LIKELY(!rc)) {
			r->private[FLUSHING] = false;
			if (UK_UNLIKELY(!s) || UK_UNLIKELY(!s->live) ||
			    UK_UNLIKELY(q->parked != NULL)) {
				if (s && s->live && !s->nfree)
					break;
				rc = -EAGAIN;
			} else {
				rc = add(s, r);
			}
			if (rc == -ENOSPC)
				break;
		}
		blkq->inflight++;
		if (UK_UNLIKELY(rc == -EAGAIN))
			blkfront_park(q, r);
		else if (UK_UNLIKELY(rc))
			uk_blkreq_end(blkq, r, UK_MIN(rc, 0));
	}
	if (UK_LIKELY(s != NULL) && s->live)
		tell(s);
	uk_spin_unlock_irq(&q->lock, irq);
	return i;
}

/* ---- in ---- */

/* How it went. False: it goes on, as a flush. */
static bool ended(struct share *s, struct uk_blkreq *r, int status)
{
	r->result = status == BLKIF_RSP_OKAY         ? 0
		    : status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP
						     : -EIO;
	if (UK_UNLIKELY(r->private[FLUSHING])) {
		r->op = UK_BLK_WRITE;
	} else if (UK_UNLIKELY(uk_blkreq_fua(&s->bf->dev, r))) {
		r->op = UK_BLK_FLUSH;
		r->private[FLUSHING] = true;
		if (!add(s, r)) /* the write has left room */
			return false;
		r->op = UK_BLK_WRITE;
		r->result = -EIO;
	}
	return true;
}

/* The next answer: its request; NULL if it goes on, or the backend broke the rules. */
static struct uk_blkreq *take(struct share *s)
{
	struct blkif_response a;
	struct uk_blkreq *r;
	struct slot *slot;

	RING_COPY_RESPONSE(&s->ring, s->ring.rsp_cons, &a);
	if (UK_UNLIKELY(a.id >= s->nslots) || UK_UNLIKELY(!s->slot[a.id].r)) {
		blkfront_broken(s, "it has done what it did not get: number", a.id);
		return NULL;
	}
	slot = &s->slot[a.id];
	if (s->kept) {
		if (slot->r->op == UK_BLK_READ && a.status == BLKIF_RSP_OKAY)
			copy(s, slot, slot->r, false);
		free_kept(s, slot);
	}
	for (unsigned i = 0; !s->kept && i < slot->used; i++) {
		if (UK_UNLIKELY(!uk_xen_grant_clear(slot->refs[i]))) {
			blkfront_broken(s, "it keeps memory of what it has done: number", a.id);
			return NULL;
		}
	}
	s->ring.rsp_cons++;
	r = slot->r;
	slot->r = NULL;
	slot->used = 0;
	s->free[s->nfree++] = (uint16_t)a.id;
	return ended(s, r, a.status) ? r : NULL;
}

static unsigned take_all(struct share *s, struct uk_blkreq **done, unsigned n)
{
	RING_IDX prod = UK_READ_ONCE(s->ring.sring->rsp_prod);
	unsigned i = 0;

	xen_rmb();
	if (UK_UNLIKELY(RING_RESPONSE_PROD_OVERFLOW(&s->ring, prod))) {
		blkfront_broken(s, "more answers than requests: index", prod);
		return 0;
	}
	while (i < n && s->ring.rsp_cons != prod && !s->dead) {
		done[i] = take(s);
		i += done[i] != NULL;
	}
	return i;
}

unsigned blkfront_reap(struct uk_blkq *blkq, struct uk_blkreq **done, unsigned n)
{
	struct queue *q = blkfront_queue(blkq);
	bool irq = uk_spin_lock_irq(&q->lock);
	unsigned i = uk_blkq_ended(blkq, done, n);

	if (UK_LIKELY(q->share != NULL) && UK_LIKELY(!q->share->dead)) {
		i += take_all(q->share, done + i, n - i);
		if (UK_UNLIKELY(q->parked != NULL))
			blkfront_unpark(q);
		else
			tell(q->share); /* flushes that follow writes */
	}
	blkq->inflight = (uint16_t)(blkq->inflight - i);
	uk_spin_unlock_irq(&q->lock, irq);
	return i;
}

bool blkfront_irq_on(struct uk_blkq *blkq)
{
	struct queue *q = blkfront_queue(blkq);
	bool irq = uk_spin_lock_irq(&q->lock);
	struct share *s = q->share;
	int more = 0;

	blkq->armed = true;
	if (UK_LIKELY(s != NULL) && !s->dead)
		RING_FINAL_CHECK_FOR_RESPONSES(&s->ring, more);
	if (blkq->ended || more) {
		blkq->armed = false;
		more = 1;
	}
	uk_spin_unlock_irq(&q->lock, irq);
	return more;
}

void blkfront_irq_off(struct uk_blkq *q)
{
	UK_WRITE_ONCE(q->armed, false);
}

void blkfront_event(void *arg)
{
	struct share *s = arg;
	struct uk_blkq *q = &s->queue->q;

	if (!UK_READ_ONCE(q->armed))
		return;
	UK_WRITE_ONCE(q->armed, false);
	uk_blkq_event(q);
}
