/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to blkfront. probe.c agrees with the backend, share.c has what both sides see, queue.c moves requests. References are to
 * Xen's public/io/blkif.h.
 *
 * Requests outlive a backend: what it had not done when it went away is given to the next one. So all that a queue has is under one lock,
 * and a struct share, what both sides see, comes and goes.
 *
 * Data is copied by way of pages that stay granted, and that the backend keeps mapped ("persistent grants"). With a backend that does not do
 * that, or if parameter blkfront.persistent says so, it is granted where it lies.
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
/* Pages of a request, by way of a page of their own that lists them: 256 KiB, wherever they begin. */
#define SEGS_MAX    65U
#define LISTS       32U /* for requests whose data is granted where it lies */

#define FLUSHING 0 /* a request's private word: it is a write whose flush is under way */

#define QUEUES_MAX 8U       /* more would take all grants of a domain */
#define KEPT_MIN   SEGS_MAX /* pages that stay granted: for any request */
#define KEPT_MAX   4096U
#define KEPT_MOST  512U /* if no parameter says how many, and no more than a hundredth of memory */
#define KEPT_PART  100U

struct granted {
	void *va;
	uint32_t ref;
};

/* Pages that are granted for good. The last that was given back is the next to be used, as a backend keeps those mapped. */
struct pool {
	struct granted *page;
	uint16_t *free; /* numbers of pages */
	unsigned nfree, n, max;
};

/* What the backend has as one request. */
struct slot {
	struct uk_blkreq *r; /* a chain of them; NULL: free */
	uint16_t nrefs;      /* grants that it has */
	uint16_t used;       /* of these grant something; or pages of share.kept */
	uint16_t list;       /* of share.lists, if there are more than SEGS_DIRECT */
	union {
		uint32_t refs[SEGS_MAX];
		uint16_t kept[SEGS_MAX];
	};
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
	/* Pages that say where the data of long requests is; none: the backend does not know such. */
	struct pool lists;
	struct pool kept; /* pages for data; none: it is granted where it lies */
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
	bool gone;       /* it was unplugged, and what is plugged in again is not connected yet */
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

/* What is to be had of a backend that is connected. */
struct agreement {
	unsigned pages; /* of a request, at most */
	unsigned kept;  /* pages that stay granted, at most, or 0 */
};

/* A ring of 2^order pages and an event channel for a backend. NULL and a negative errno. */
struct share *blkfront_share(struct blkfront *bf, unsigned queue, unsigned order, int *err);

/* All that requests need, when there is agreement. 0, or a negative errno. */
int blkfront_open(struct share *s, const struct agreement *a);

/* Has the pool `n` free pages, perhaps some more than before? */
bool blkfront_grow(struct share *s, struct pool *p, unsigned n);

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
