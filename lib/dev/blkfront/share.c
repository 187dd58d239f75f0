/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: a ring of one or several pages, an event channel, and lists of pages for long requests, granted once.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#include "blkfront.h"

void blkfront_broken(struct share *s, const char *what, unsigned long number)
{
	if (s->dead)
		return;
	s->dead = true;
	uk_xenbus_broken(s->bf->bus, s->bf->dev.name, what, number);
	uk_xenbus_reconnect(s->bf->bus);
}

static int open_ring(struct share *s, unsigned order)
{
	struct blkif_sring *ring;
	int err;

	s->ring_pages =
		uk_xen_grant_pages(s->bf->bus->remote, s->ring_ref, 1U << order, false, &err);
	if (!s->ring_pages)
		return err;
	s->order = order;
	ring = s->ring_pages;
	SHARED_RING_INIT(ring);
	FRONT_RING_INIT(&s->ring, ring, UK_PAGE_SIZE << order);
	s->nslots = RING_SIZE(&s->ring);
	return 0;
}

static int open_slots(struct share *s, bool indirect)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < s->nslots; i++) {
		struct slot *slot = &s->slot[i];

		if (indirect)
			slot->list = uk_xen_grant_pages(s->bf->bus->remote, &slot->list_ref, 1,
							true, &rc);
		if (!rc)
			rc = uk_xen_grant_alloc(slot->refs, indirect ? SEGS_MAX : SEGS_DIRECT);
		if (!rc)
			slot->nrefs = indirect ? SEGS_MAX : SEGS_DIRECT;
		s->free[s->nfree++] = (uint16_t)(s->nslots - 1 - i);
	}
	return rc;
}

struct share *blkfront_share(struct blkfront *bf, unsigned order, bool indirect, int *err)
{
	struct share *s = uk_calloc(1, sizeof(*s));

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->bf = bf;
	*err = open_ring(s, order);
	if (!*err)
		*err = open_slots(s, indirect);
	if (!*err) {
		*err = uk_xen_event_alloc(bf->bus->remote);
		if (*err > 0) {
			s->port = (uint32_t)*err;
			*err = uk_xen_event_handler(s->port, blkfront_event, s);
		}
	}
	if (*err) {
		blkfront_unshare(s);
		return NULL;
	}
	return s;
}

/* The pages of a request are its owner's again. */
static bool end_slot(struct slot *slot, unsigned *lost)
{
	bool all = true;

	for (unsigned i = 0; i < slot->nrefs; i++) {
		if (i >= slot->used || uk_xen_grant_clear(slot->refs[i])) {
			uk_xen_grant_free(&slot->refs[i], 1);
		} else {
			++*lost;
			all = false;
		}
	}
	*lost += !uk_xen_ungrant_pages(slot->list, &slot->list_ref, 1);
	return all;
}

void blkfront_unshare(struct share *s)
{
	struct blkfront *bf;
	unsigned lost = 0, kept = 0;
	bool ring_lost;

	if (!s)
		return;
	bf = s->bf;
	if (s->port)
		uk_xen_event_close(s->port);
	for (unsigned i = 0; i < s->nslots; i++) {
		struct uk_blkreq *r = s->slot[i].r;
		bool ended = end_slot(&s->slot[i], &lost);

		if (!r)
			continue;
		/* Of a write it reads what is there, perhaps too late; into a read's memory it may write. */
		if (ended || r->op != UK_BLK_READ)
			blkfront_park(bf, r);
		else
			kept++;
	}
	ring_lost = !uk_xen_ungrant_pages(s->ring_pages, s->ring_ref, 1U << s->order);
	if (lost || ring_lost)
		uk_pr_warn("%s: domain %u keeps pages of ours mapped; %u reads will not end",
			   bf->dev.name, bf->bus->remote, kept);
	uk_free(s);
}
