/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: a ring of one or several pages, an event channel, lists of pages for long requests, and pages for data, of which there are
 * more when requests need them.
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
	while (s->nfree < s->nslots) {
		s->free[s->nfree] = (uint16_t)(s->nslots - 1 - s->nfree);
		s->nfree++;
	}
	return 0;
}

/* ---- pages ---- */

static int add_page(struct share *s, struct pool *p, bool readonly, unsigned flags)
{
	uk_paddr_t pa = uk_page_alloc(1, UK_PAGE_ZERO | flags);
	struct granted *g = &p->page[p->n];
	int ref;

	if (pa == UK_PAGE_NONE)
		return -ENOMEM;
	g->va = uk_page_to_virt(pa);
	ref = uk_xen_grant(s->bf->bus->remote, g->va, readonly);
	if (ref < 0) {
		uk_page_free(pa, 1);
		return ref;
	}
	g->ref = (uint32_t)ref;
	p->free[p->nfree++] = (uint16_t)p->n++;
	return 0;
}

bool blkfront_grow(struct share *s, struct pool *p, unsigned n)
{
	while (p->nfree < n)
		if (p->n == p->max || add_page(s, p, false, UK_PAGE_EASY))
			return false;
	return true;
}

/* A pool of `max` pages at most, n of them now. */
static int open_pool(struct share *s, struct pool *p, unsigned n, unsigned max, bool readonly)
{
	int rc = 0;

	p->page = uk_calloc(max, sizeof(*p->page) + sizeof(*p->free));
	if (!p->page)
		return -ENOMEM;
	p->free = (uint16_t *)(p->page + max);
	p->max = max;
	while (!rc && p->n < n)
		rc = add_page(s, p, readonly, 0);
	return rc;
}

static void close_pool(struct pool *p, unsigned *lost)
{
	for (unsigned i = 0; i < p->n; i++)
		*lost += !uk_xen_ungrant_pages(p->page[i].va, &p->page[i].ref, 1);
	uk_free(p->page);
}

int blkfront_open(struct share *s, const struct agreement *a)
{
	/* What Linux's backend keeps mapped it maps to be written, lists as well. */
	bool readonly = !a->kept;
	/* With pages that stay granted, there are no more long requests than those are enough for. */
	unsigned lists = UK_MIN(a->kept ? a->kept / (SEGS_DIRECT + 1) : LISTS, s->nslots);
	int rc = 0;

	s->max_pages = a->pages;
	if (a->pages > SEGS_DIRECT)
		rc = open_pool(s, &s->lists, lists, lists, readonly);
	if (!rc && a->kept)
		return open_pool(s, &s->kept, KEPT_MIN, a->kept, false);
	for (unsigned i = 0; !rc && i < s->nslots; i++) {
		rc = uk_xen_grant_alloc(s->slot[i].refs, a->pages);
		if (!rc)
			s->slot[i].nrefs = (uint16_t)a->pages;
	}
	return rc;
}

/* ---- all of it ---- */

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

struct share *blkfront_share(struct blkfront *bf, unsigned queue, unsigned order, int *err)
{
	struct share *s = uk_calloc(1, sizeof(*s));

	*err = -ENOMEM;
	if (!s)
		return NULL;
	s->bf = bf;
	s->queue = &bf->queue[queue];
	*err = open_ring(s, order);
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
	return all;
}

/* What a backend had as one is given to the next one. How many never end. */
static unsigned park_chain(struct queue *q, struct uk_blkreq *r, bool ended)
{
	unsigned stuck = 0;

	for (struct uk_blkreq *next; r; r = next) {
		next = r->next;
		/* Of a write it reads what is there, perhaps too late; into a read's memory it may write. */
		if (ended || r->op != UK_BLK_READ)
			blkfront_park(q, r);
		else
			stuck++;
	}
	return stuck;
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
		bool ended = end_slot(&s->slot[i], &lost);

		stuck += park_chain(s->queue, s->slot[i].r, ended);
	}
	close_pool(&s->lists, &lost);
	close_pool(&s->kept, &lost);
	ring_lost = !uk_xen_ungrant_pages(s->ring_pages, s->ring_ref, 1U << s->order);
	if (lost || ring_lost)
		uk_pr_warn("%s: domain %u keeps pages of ours mapped; %u reads will not end",
			   s->bf->dev.name, s->bf->bus->remote, stuck);
	uk_free(s);
}
