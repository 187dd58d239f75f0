/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both sides see: a ring of one or several pages, an event channel, and lists of pages for long requests, granted once.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>
#include <uk/string.h>

#include "blkfront.h"

#define AGAIN_SEC 60U

void blkfront_broken(struct share *s, const char *what, unsigned long number)
{
	struct blkfront *bf = s->bf;
	uk_nsec now = uk_clock_monotonic();

	if (s->dead)
		return;
	s->dead = true;
	bf->off = now < bf->again;
	bf->again = now + AGAIN_SEC * UK_NSEC_PER_SEC;
	uk_pr_err("%s: the backend in domain %u broke the protocol: %s %lu", bf->dev.name,
		  bf->bus->remote, what, number);
	uk_xenbus_broken(bf->bus);
}

/* A page granted to the backend; NULL and an error. */
static void *granted(const struct share *s, uint32_t *ref, int *err)
{
	uk_paddr_t pa = uk_page_alloc(1, UK_PAGE_ZERO);
	int rc = -ENOMEM;

	if (pa != UK_PAGE_NONE) {
		rc = uk_xen_grant(s->bf->bus->remote, uk_page_to_virt(pa), true);
		if (rc < 0)
			uk_page_free(pa, 1);
	}
	if (rc < 0) {
		*err = rc;
		return NULL;
	}
	*ref = (uint32_t)rc;
	return uk_page_to_virt(pa);
}

static int open_ring(struct share *s, unsigned order)
{
	uk_paddr_t pa = uk_page_alloc_run(1UL << order, 0);
	struct blkif_sring *ring;

	if (pa == UK_PAGE_NONE)
		return -ENOMEM;
	s->ring_pages = uk_page_to_virt(pa);
	memset(s->ring_pages, 0, UK_PAGE_SIZE << order);
	for (unsigned i = 0; i < 1U << order; i++) {
		int rc = uk_xen_grant(s->bf->bus->remote, (char *)s->ring_pages + i * UK_PAGE_SIZE,
				      false);

		if (rc < 0) {
			while (i--)
				uk_xen_grant_end(s->ring_ref[i]); /* nobody has seen them */
			uk_page_free_run(pa, 1UL << order);
			s->ring_pages = NULL;
			return rc;
		}
		s->ring_ref[i] = (uint32_t)rc;
	}
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
			slot->list = granted(s, &slot->list_ref, &rc);
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

/* False: the other side keeps it, so it is nobody's. */
static bool free_granted(void *page, uint32_t ref)
{
	if (!page)
		return true;
	if (!uk_xen_grant_end(ref))
		return false;
	uk_page_free(uk_page_from_virt(page), 1);
	return true;
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
	*lost += !free_granted(slot->list, slot->list_ref);
	return all;
}

void blkfront_unshare(struct share *s)
{
	struct blkfront *bf;
	unsigned lost = 0, kept = 0;
	bool ring_lost = false;

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
	for (unsigned i = 0; s->ring_pages && i < 1U << s->order; i++)
		ring_lost |= !uk_xen_grant_end(s->ring_ref[i]);
	if (s->ring_pages && !ring_lost)
		uk_page_free_run(uk_page_from_virt(s->ring_pages), 1UL << s->order);
	if (lost || ring_lost)
		uk_pr_warn("%s: domain %u keeps pages of ours mapped; %u reads will not end",
			   bf->dev.name, bf->bus->remote, kept);
	uk_free(s);
}
