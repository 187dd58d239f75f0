/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to blkfront. probe.c agrees with the backend, share.c has what both sides see, queue.c moves requests. References are to
 * Xen's public/io/blkif.h.
 *
 * Requests outlive a backend: what it had not done when it went away is given to the next one. So all that a queue has is under one lock,
 * and a struct share, what both sides see, comes and goes.
 */
#ifndef BLKFRONT_H
#define BLKFRONT_H

#include <uk/blkdev_driver.h>
#include <uk/page.h>
#include <uk/spinlock.h>
#include <uk/xen/event.h>
#include <uk/xen/grant.h>
#include <uk/xen/ring.h>
#include <uk/xenbus.h>
#include <xen/io/blkif.h>

#define SECTOR      512U /* of the protocol, whatever the device's are */
#define ORDER_MAX   2U   /* the ring has 4 pages at most: 128 requests */
#define RING_PAGES  (1U << ORDER_MAX)
#define SLOTS       __CONST_RING_SIZE(blkif, UK_PAGE_SIZE *RING_PAGES)
#define SEGS_DIRECT ((unsigned)BLKIF_MAX_SEGMENTS_PER_REQUEST)
#define SEGS_MAX    64U /* pages of a request, by way of a page of their own that lists them */

/* A request that the backend has. */
struct slot {
	struct uk_blkreq *r;  /* NULL: free */
	uint16_t nrefs, used; /* grants that it has, and that grant something */
	uint32_t refs[SEGS_MAX];
	struct blkif_request_segment
		*list; /* for more than SEGS_DIRECT; NULL: the backend does not know that */
	uint32_t list_ref;
};

struct share {
	struct blkfront *bf;
	bool dead; /* it broke the rules */
	bool live; /* the backend is Connected */
	unsigned order, nslots;
	uint32_t port;
	void *ring_pages;
	uint32_t ring_ref[RING_PAGES];
	struct blkif_front_ring ring;
	struct slot slot[SLOTS];
	uint16_t free[SLOTS];
	unsigned nfree;
};

struct blkfront {
	struct uk_blkdev dev;
	struct uk_blkq queue;
	struct uk_xenbus_dev *bus;
	uint16_t handle; /* the number that the backend knows the device by */
	bool registered;
	struct uk_spinlock lock; /* the rest, and the share's contents */
	struct share *share;
	struct uk_blkreq *parked; /* for the backend, when there is one; in order */
	struct uk_blkreq **parked_end;
};

UK_BLKDEV_PROVIDER(blkfront);

static inline struct blkfront *blkfront_of(struct uk_blkdev *dev)
{
	return UK_CONTAINER_OF(dev, struct blkfront, dev);
}

/* A ring and an event channel for a backend; with `indirect`, lists for long requests. NULL and a negative errno. */
struct share *blkfront_share(struct blkfront *bf, unsigned order, bool indirect, int *err);

/* Ends all that. Requests that it had are parked; but for reads into pages that the other side does not let go of, which never end. */
void blkfront_unshare(struct share *s);

/* Said; nothing of the backend is believed any more. With the lock. */
void blkfront_broken(struct share *s, const char *what, unsigned long number);

/* Gives parked requests to a backend that has become ready. With the lock. */
void blkfront_unpark(struct blkfront *bf);

void blkfront_park(struct blkfront *bf, struct uk_blkreq *r);

/* Interrupt context. */
void blkfront_event(void *share);

#endif
