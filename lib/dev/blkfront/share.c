/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: a ring of one or several pages, an event channel, lists of pages for long requests, granted once, and pages
 * that stay granted for data.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "blkfront.h"

void blkfront_broken(struct share *s, const char *what, unsigned long number)
{
	s->dead = true;
	if (__atomic_exchange_n(&s->bf->broken, true, __ATOMIC_RELAXED))
		return;
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

static int open_slots(struct share *s, const struct agreement *a)
{
	unsigned refs = a->kept ? 0 : s->max_pages;
	int rc = 0;

	for (unsigned i = 0; !rc && i < s->nslots; i++) {
		struct slot *slot = &s->slot[i];

		/* What Linux's backend keeps mapped it maps to be written, lists as well. */
		if (a->indirect)
			slot->list = uk_xen_grant_pages(s->bf->bus->remote, &slot->list_ref, 1,
							!a->kept, &rc);
		if (!rc)
			rc = uk_xen_grant_alloc(slot->refs, refs);
		if (!rc)
			slot->nrefs = (uint16_t)refs;
		s->free[s->nfree++] = (uint16_t)(s->nslots - 1 - i);
	}
	return rc;
}

static int open_kept(struct share *s, unsigned n)
{
	int rc = 0;

	s->kept = uk_calloc(n, sizeof(*s->kept) + sizeof(*s->kept_free));
	if (!s->kept)
		return -ENOMEM;
	s->kept_free = (uint16_t *)(s->kept + n);
	for (; !rc && s->nkept < n; s->nkept++) {
		struct kept *k = &s->kept[s->nkept];

		k->va = uk_xen_grant_pages(s->bf->bus->remote, &k->ref, 1, false, &rc);
		s->kept_free[s->nkept_free++] = (uint16_t)s->nkept;
	}
	return rc;
}

static int open_channel(struct share *s, unsigned queue UK_UNUSED)
{
	int rc = uk_xen_event_alloc(s->bf->bus->remote);

	if (rc < 0)
		return rc;
	s->port = (uint32_t)rc;
	rc = uk_xen_event_handler(s->port, blkfront_event, s);
#ifdef CONFIG_SMP
	if (!rc)
		rc = uk_xen_event_move(s->port, queue % uk_smp_cpus());
#endif
	return rc;
}

struct share *blkfront_share(struct blkfront *bf, unsigned queue, const struct agreement *a,
			     int *err)
{
	struct share *s = uk_calloc(1, sizeof(*s));

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->bf = bf;
	s->queue = &bf->queue[queue];
	s->max_pages = a->indirect ? SEGS_MAX : SEGS_DIRECT;
	*err = open_ring(s, a->order);
	if (!*err)
		*err = open_slots(s, a);
	if (!*err && a->kept)
		*err = open_kept(s, a->kept);
	if (!*err)
		*err = open_channel(s, queue);
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
	unsigned lost = 0, stuck = 0;
	bool ring_lost;

	if (!s)
		return;
	if (s->port)
		uk_xen_event_close(s->port);
	for (unsigned i = 0; i < s->nslots; i++) {
		struct uk_blkreq *r = s->slot[i].r;
		bool ended = end_slot(&s->slot[i], &lost);

		if (!r)
			continue;
		/* Of a write it reads what is there, perhaps too late; into a read's memory it may write. */
		if (ended || r->op != UK_BLK_READ)
			blkfront_park(s->queue, r);
		else
			stuck++;
	}
	for (unsigned i = 0; i < s->nkept; i++)
		lost += !uk_xen_ungrant_pages(s->kept[i].va, &s->kept[i].ref, 1);
	uk_free(s->kept);
	ring_lost = !uk_xen_ungrant_pages(s->ring_pages, s->ring_ref, 1U << s->order);
	if (lost || ring_lost)
		uk_pr_warn("%s: domain %u keeps pages of ours mapped; %u reads will not end",
			   s->bf->dev.name, s->bf->bus->remote, stuck);
	uk_free(s);
}
