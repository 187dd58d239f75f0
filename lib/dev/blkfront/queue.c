/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests: each page of the data is a segment, granted until the answer has come, or copied to or from a page that stays granted. Up to 11
 * are in the ring's entry, more in a list. Requests that come together or wait, and touch, are one of the backend's.
 *
 * Of the backend we read which request is done, checked against what it has, and how that went, once.
 */
#include <uk/errno.h>
#include <uk/string.h>

#include "blkfront.h"

void blkfront_park(struct queue *q, struct uk_blkreq *r)
{
	r->next = NULL;
	*q->parked_end = r;
	q->parked_end = &r->next;
}

/* ---- out ---- */

/* Requests for the backend as one: a chain, and what it needs. */
struct run {
	struct uk_blkreq *first, *last;
	size_t size;
	unsigned pages;
};

/* The pages of a request as segments, each granted; how many. */
static unsigned add_granted(struct share *s, struct slot *slot, const struct uk_blkreq *r,
			    unsigned n, struct blkif_request_segment *seg)
{
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

/* Copies between a request's memory and the pages, from byte `at` of them on; which are full but for the last. */
static size_t copy_one(const struct share *s, const struct slot *slot, const struct uk_blkreq *r,
		       size_t at, bool out)
{
	for (unsigned i = 0; i < r->nsegs; i++) {
		char *p = r->segs[i].base;
		size_t left = r->segs[i].len, n;

		for (; left; left -= n, p += n, at += n) {
			char *page = s->kept.page[slot->kept[at / UK_PAGE_SIZE]].va;

			n = UK_MIN(left, UK_PAGE_SIZE - at % UK_PAGE_SIZE);
			if (out)
				memcpy(page + at % UK_PAGE_SIZE, p, n);
			else
				memcpy(p, page + at % UK_PAGE_SIZE, n);
		}
	}
	return at;
}

static void copy(const struct share *s, const struct slot *slot, const struct uk_blkreq *r,
		 bool out)
{
	for (size_t at = 0; r; r = r->next)
		at = copy_one(s, slot, r, at, out);
}

/* There are as many pages as it needs. */
static void add_kept(struct share *s, struct slot *slot, const struct run *run,
		     struct blkif_request_segment *seg)
{
	size_t left = run->size, n;

	for (unsigned i = 0; left; left -= n, i++) {
		n = UK_MIN(left, UK_PAGE_SIZE);
		slot->kept[i] = s->kept.free[--s->kept.nfree];
		seg[i].gref = s->kept.page[slot->kept[i]].ref;
		seg[i].first_sect = 0;
		seg[i].last_sect = (uint8_t)(n / SECTOR - 1);
	}
	if (run->first->op == UK_BLK_WRITE)
		copy(s, slot, run->first, true);
}

/* The answer has come. */
static void free_kept(struct share *s, struct slot *slot)
{
	for (unsigned i = slot->used; i--;)
		s->kept.free[s->kept.nfree++] = slot->kept[i];
}

/* ---- chains ---- */

static bool has_data(const struct uk_blkreq *r)
{
	return r->op == UK_BLK_READ || r->op == UK_BLK_WRITE;
}

static unsigned pages_of(const struct uk_blkreq *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nsegs; i++)
		n += (unsigned)(((uintptr_t)r->segs[i].base % UK_PAGE_SIZE + r->segs[i].len +
				 UK_PAGE_SIZE - 1) /
				UK_PAGE_SIZE);
	return n;
}

/* Pages of a run that `r` is the end of. */
static unsigned pages_with(const struct share *s, const struct run *run, const struct uk_blkreq *r)
{
	return s->kept.max ? (unsigned)((run->size + r->size + UK_PAGE_SIZE - 1) / UK_PAGE_SIZE)
			   : run->pages + pages_of(r);
}

static struct run begin(const struct share *s, struct uk_blkreq *r)
{
	struct run run = { .first = r, .last = r };

	r->next = NULL;
	if (has_data(r)) {
		run.pages = pages_with(s, &run, r);
		run.size = r->size;
	}
	return run;
}

/* Does `r`, which may not have been checked yet, go on where the run ends? Then it is of it. */
static bool join(const struct share *s, struct run *run, struct uk_blkreq *r)
{
	unsigned pages;

	if (!uk_blkreq_follows(run->last, r) || uk_blkreq_check(&s->bf->dev, r))
		return false;
	pages = pages_with(s, run, r);
	if (pages > s->max_pages)
		return false;
	run->pages = pages;
	run->size += r->size;
	run->last->next = r;
	run->last = r;
	r->next = NULL;
	return true;
}

/* ---- into the ring ---- */

static void add_data(struct share *s, struct slot *slot, const struct run *run,
		     struct blkif_request_segment *seg)
{
	unsigned n = 0;

	if (s->kept.max)
		add_kept(s, slot, run, seg);
	else
		for (const struct uk_blkreq *r = run->first; r; r = r->next)
			n = add_granted(s, slot, r, n, seg);
}

static void put_data(struct share *s, struct slot *slot, const struct run *run, uint64_t id)
{
	struct blkif_request *q = RING_GET_REQUEST(&s->ring, s->ring.req_prod_pvt);
	struct blkif_request_indirect *long_q = (struct blkif_request_indirect *)q;
	uint8_t op = run->first->op == UK_BLK_WRITE ? BLKIF_OP_WRITE : BLKIF_OP_READ;
	const struct granted *list;

	if (run->pages <= SEGS_DIRECT) {
		q->operation = op;
		q->handle = s->bf->handle;
		q->id = id;
		q->sector_number = run->first->offset / SECTOR;
		q->nr_segments = (uint8_t)run->pages;
		add_data(s, slot, run, q->seg);
		return;
	}
	slot->list = s->lists.free[--s->lists.nfree];
	list = &s->lists.page[slot->list];
	long_q->operation = BLKIF_OP_INDIRECT;
	long_q->indirect_op = op;
	long_q->handle = s->bf->handle;
	long_q->id = id;
	long_q->sector_number = run->first->offset / SECTOR;
	long_q->nr_segments = (uint16_t)run->pages;
	long_q->indirect_grefs[0] = list->ref;
	add_data(s, slot, run, list->va);
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
static int add(struct share *s, const struct run *run)
{
	struct uk_blkreq *r = run->first;
	struct slot *slot;
	uint16_t id;

	if (UK_UNLIKELY(!s->nfree))
		return -ENOSPC;
	id = s->free[s->nfree - 1];
	slot = &s->slot[id];
	if (has_data(r)) {
		if (UK_UNLIKELY(run->pages > s->max_pages))
			return -EINVAL;
		if (run->pages > SEGS_DIRECT && UK_UNLIKELY(!s->lists.nfree))
			return -EAGAIN;
		if (s->kept.max && UK_UNLIKELY(run->pages > s->kept.nfree) &&
		    !blkfront_grow(s, &s->kept, run->pages))
			return -EAGAIN;
		put_data(s, slot, run, id);
	} else if (r->op == UK_BLK_DISCARD) {
		put_range(s, r, id);
	} else {
		put_flush(s, id);
	}
	s->nfree--;
	s->ring.req_prod_pvt++;
	slot->r = r;
	slot->used = (uint16_t)run->pages;
	return 0;
}

static void tell(struct share *s)
{
	int notify;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&s->ring, notify);
	if (notify)
		uk_xen_event_notify(s->port);
}

/* The first of those that are parked, and what touches it. False: there is no room now. */
static bool unpark_run(struct queue *q)
{
	struct share *s = q->share;
	struct uk_blkreq *r = q->parked, *next = r->next, *after;
	struct run run;
	/* The next backend's device may be another. */
	int rc = uk_blkreq_check(&s->bf->dev, r);

	if (UK_LIKELY(!rc)) {
		run = begin(s, r);
		for (; next; next = after) {
			after = next->next;
			if (!join(s, &run, next))
				break;
		}
		rc = add(s, &run);
		if (rc == -ENOSPC || rc == -EAGAIN) {
			run.last->next = next;
			return false;
		}
	}
	q->parked = next;
	if (!next)
		q->parked_end = &q->parked;
	if (rc)
		uk_blkreq_end(&q->q, r, UK_MIN(rc, 0));
	return true;
}

void blkfront_unpark(struct queue *q)
{
	struct share *s = q->share;

	while (q->parked && s->live && !s->dead && unpark_run(q))
		;
	tell(s);
}

static void park_run(struct queue *q, struct uk_blkreq *r)
{
	for (struct uk_blkreq *next; r; r = next) {
		next = r->next;
		blkfront_park(q, r);
	}
}

/* A new request, and those of n others after it that touch, to the backend. 0 or an error as from add(). */
static int start(struct share *s, struct run *run, struct uk_blkreq *const *others, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		others[i]->alone = false;
		if (!join(s, run, others[i]))
			break;
		others[i]->private[FLUSHING] = false;
	}
	return add(s, run);
}

unsigned blkfront_submit(struct uk_blkq *blkq, struct uk_blkreq *const *reqs, unsigned n)
{
	struct queue *q = blkfront_queue(blkq);
	bool irq = uk_spin_lock_irq(&q->lock);
	struct share *s = q->share;
	unsigned i = 0;

	while (i < n) {
		struct uk_blkreq *r = reqs[i];
		int rc = UK_UNLIKELY(blkq->dev->failed) ? -EIO : uk_blkreq_check(blkq->dev, r);

		r->next = NULL;
		if (UK_LIKELY(!rc)) {
			r->private[FLUSHING] = false;
			r->alone = false;
			if (UK_UNLIKELY(!s) || UK_UNLIKELY(!s->live) ||
			    UK_UNLIKELY(q->parked != NULL)) {
				if (s && s->live && !s->nfree)
					break;
				rc = -EAGAIN;
			} else {
				struct run run = begin(s, r);

				rc = start(s, &run, &reqs[i + 1], n - i - 1);
			}
			if (rc == -ENOSPC)
				break;
		}
		for (const struct uk_blkreq *part = r; part; part = part->next)
			i++;
		if (UK_UNLIKELY(rc == -EAGAIN))
			park_run(q, r);
		else if (UK_UNLIKELY(rc))
			uk_blkreq_end(blkq, r, UK_MIN(rc, 0));
	}
	blkq->inflight = (uint16_t)(blkq->inflight + i);
	if (UK_LIKELY(s != NULL) && s->live)
		tell(s);
	uk_spin_unlock_irq(&q->lock, irq);
	return i;
}

/* ---- in ---- */

/* The backend does not say which part of a chain it is that fails. */
static void try_each(struct queue *q, struct uk_blkreq *chain)
{
	for (struct uk_blkreq *r = chain; r; r = r->next)
		r->alone = true;
	park_run(q, chain);
}

/* How it went: in the chain's first request. False: it goes on, as a flush, or each part by itself. */
static bool ended(struct share *s, struct uk_blkreq *r, int status)
{
	struct run flush = { .first = r };

	r->result = status == BLKIF_RSP_OKAY         ? 0
		    : status == BLKIF_RSP_EOPNOTSUPP ? -EOPNOTSUPP
						     : -EIO;
	if (UK_UNLIKELY(r->private[FLUSHING])) {
		r->op = UK_BLK_WRITE;
	} else if (UK_UNLIKELY(uk_blkreq_fua(&s->bf->dev, r))) {
		r->op = UK_BLK_FLUSH;
		r->private[FLUSHING] = true;
		if (!add(s, &flush)) /* the write has left room */
			return false;
		r->op = UK_BLK_WRITE;
		r->result = -EIO;
	} else if (UK_UNLIKELY(r->result) && r->next) {
		try_each(s->queue, r);
		return false;
	}
	return true;
}

/* The next answer: its chain; NULL if that goes on, or the backend broke the rules. */
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
	r = slot->r;
	if (s->kept.max) {
		if (r->op == UK_BLK_READ && a.status == BLKIF_RSP_OKAY)
			copy(s, slot, r, false);
		free_kept(s, slot);
	}
	for (unsigned i = 0; !s->kept.max && i < slot->used; i++) {
		if (UK_UNLIKELY(!uk_xen_grant_clear(slot->refs[i]))) {
			blkfront_broken(s, "it keeps memory of what it has done: number", a.id);
			return NULL;
		}
	}
	if (slot->used > SEGS_DIRECT)
		s->lists.free[s->lists.nfree++] = slot->list;
	s->ring.rsp_cons++;
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
		struct uk_blkreq *r = take(s);

		if (UK_LIKELY(r != NULL))
			i += uk_blkreq_take(&s->queue->q, r, r->result, done + i, n - i);
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
