/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to blkfront. probe.c agrees with the backend, share.c has what both sides see, queue.c moves requests. References are to
 * Xen's public/io/blkif.h.
 *
 * Requests outlive a backend: what it had not done when it went away is given to the next one. So all that a queue has is under one lock,
 * and a struct share, what both sides see, comes and goes.
 *
 * Data is granted where it lies. Or, if parameter blkfront.persistent says so, it is copied by way of pages that stay granted, and that the
 * backend keeps mapped ("persistent grants").
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

#define QUEUES_MAX 8U       /* more would take all grants of a domain */
#define KEPT_MIN   SEGS_MAX /* pages that stay granted: for any request */
#define KEPT_MAX   4096U

/* A page that stays granted. */
struct kept {
	void *va;
	uint32_t ref;
};

/* A request that the backend has. */
struct slot {
	struct uk_blkreq *r;  /* NULL: free */
	uint16_t nrefs, used; /* grants that it has, and that grant something */
	union {
		uint32_t refs[SEGS_MAX];
		uint16_t kept[SEGS_MAX]; /* `used` pages of those, by number */
	};
	struct blkif_request_segment
		*list; /* for more than SEGS_DIRECT; NULL: the backend does not know that */
	uint32_t list_ref;
};

struct queue;

struct share {
	struct blkfront *bf;
	struct queue *queue;
	bool dead; /* it broke the rules */
	bool live; /* the backend is Connected */
	unsigned order, nslots;
	unsigned max_pages; /* of a request */
	uint32_t port;
	void *ring_pages;
	uint32_t ring_ref[RING_PAGES];
	struct blkif_front_ring ring;
	struct slot slot[SLOTS];
	uint16_t free[SLOTS];
	unsigned nfree;
	/* Pages that stay granted; the last that was used is the next to be, as a backend keeps those. NULL: there are none. */
	struct kept *kept;
	uint16_t *kept_free;
	unsigned nkept, nkept_free;
};

struct queue {
	struct uk_blkq q;
	struct uk_spinlock lock; /* the rest, and the share's contents */
	struct share *share;
	struct uk_blkreq *parked; /* for the backend, when there is one; in order */
	struct uk_blkreq **parked_end;
};

struct blkfront {
	struct uk_blkdev dev;
	struct uk_xenbus_dev *bus;
	uint16_t handle; /* the number that the backend knows the device by */
	bool registered;
	bool folders;    /* we have said things in queue-0, queue-1 ... */
	bool broken;     /* it broke the rules, which is said once, and not by each queue */
	unsigned shared; /* queues that the backend has */
	struct queue queue[UK_BLKDEV_QUEUES];
};

UK_BLKDEV_PROVIDER(blkfront);

static inline struct blkfront *blkfront_of(struct uk_blkdev *dev)
{
	return UK_CONTAINER_OF(dev, struct blkfront, dev);
}

static inline struct queue *blkfront_queue(struct uk_blkq *q)
{
	return UK_CONTAINER_OF(q, struct queue, q);
}

/* What is to be had of a backend. */
struct agreement {
	unsigned order; /* of the ring, in pages */
	bool indirect;  /* lists for long requests */
	unsigned kept;  /* pages that stay granted, or 0 */
};

/* A ring and an event channel for a backend, and what was agreed on. NULL and a negative errno. */
struct share *blkfront_share(struct blkfront *bf, unsigned queue, const struct agreement *a,
			     int *err);

/* Ends all that. Requests that it had are parked; but for reads into pages that the other side does not let go of, which never end. */
void blkfront_unshare(struct share *s);

/* Said; nothing of the backend is believed any more. With the lock. */
void blkfront_broken(struct share *s, const char *what, unsigned long number);

/* Gives parked requests to a backend that has become ready. With the lock. */
void blkfront_unpark(struct queue *q);

void blkfront_park(struct queue *q, struct uk_blkreq *r);

/* Interrupt context. */
void blkfront_event(void *share);

#endif
