/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block devices, for those who use them; drivers include <uk/blkdev_driver.h> as well.
 *
 * A device has queues of requests. A request is the caller's structure, on its stack or anywhere in mapped memory,
 * and lies in a queue until it is reaped. Drivers find their devices at boot (UK_INIT_DEV) and register them; a user
 * looks one up, starts it, and either reads and writes with waiting,
 *
 *	uk_blkdev_start(dev, &(struct uk_blkdev_conf){ 0 });
 *	rc = uk_blkdev_read(dev, offset, buf, 4096);
 *
 * or keeps many requests under way:
 *
 *	uk_blkdev_start(dev, &(struct uk_blkdev_conf){ .event = wake });
 *	struct uk_blkreq r = { .op = UK_BLK_WRITE, .offset = 0, .nsegs = 2, .segs = segs };
 *	uk_blkdev_submit(dev->queue[0], &(struct uk_blkreq *){ &r }, 1);
 *	while (!(n = uk_blkdev_reap(dev->queue[0], done, 16)))
 *		UK_WAIT(&wq, uk_blkdev_irq_on(dev->queue[0]), UK_NSEC_MAX);
 *	... done[0]->result
 *
 * Offsets and sizes are bytes, multiples of dev->sector. Requests that are under way at the same time are done in any
 * order; what a completed flush says is about writes that were reaped before it was submitted. A write is atomic in
 * units of dev->sector at most.
 *
 * A queue is used by one thread at a time, which is the caller's affair (a lock, or a queue for each CPU); but
 * uk_blkdev_do(), _read() and so on have a lock of their own and may be called by any number of threads. Functions on
 * queues may be called from threads, with preemption on or off, and do not block; the rest from threads with
 * preemption on. Polling is the normal state: no queue raises interrupts until uk_blkdev_irq_on(), and then one.
 *
 * A device that failed ends all requests with -EIO, those that it had as well.
 */
#ifndef UK_BLKDEV_H
#define UK_BLKDEV_H

#include <uk/errno.h>
#include <uk/essentials.h>
#include <uk/provider.h>
#include <uk/spinlock.h>
#include <uk/waitq.h>

#define UK_BLKDEV_QUEUES UK_CPUS /* at most */
#define UK_BLKDEV_SECTOR 512U    /* the smallest there is */

/* What a request asks for. */
enum uk_blk_op {
	UK_BLK_READ,
	UK_BLK_WRITE,
	UK_BLK_FLUSH, /* what was written survives a loss of power */
	UK_BLK_DISCARD, /* the range is not needed any more; reads of it give anything until it is written */
	UK_BLK_ZERO, /* reads of the range give zeroes */
	UK_BLK_OPS
};

/* Of a request. */
#define UK_BLKREQ_FUA                                                                              \
	0x1U /* a write: it survives a loss of power when it is done (flushed, if need be) */
#define UK_BLKREQ_UNMAP 0x2U /* UK_BLK_ZERO: the device may give the space back */

/* What a device can do besides reading and writing (dev->features). */
#define UK_BLKDEV_FLUSH                                                                            \
	0x1U /* it has a cache; without, whatever is written is durable, and flushes do nothing */
#define UK_BLKDEV_DISCARD 0x2U
#define UK_BLKDEV_ZERO    0x4U
#define UK_BLKDEV_UNMAP   0x8U /* UK_BLKREQ_UNMAP has a meaning */

struct uk_blkdev;
struct uk_blkq;
struct uk_blkdev_ops;

/* A stretch of memory, at a multiple of dev->align, of a length that is one of dev->sector. */
struct uk_blkseg {
	void *base;
	size_t len;
};

/*
 * A request. Up to `private` the caller's, who changes nothing while it is in a queue; what is private needs no
 * initial value.
 */
struct uk_blkreq {
	uint8_t op; /* enum uk_blk_op */
	uint8_t flags;
	uint16_t nsegs; /* reading and writing */
	const struct uk_blkseg
		*segs; /* the memory, which is the driver's until the request is reaped */
	uint64_t offset;
	uint64_t size; /* of DISCARD and ZERO; else set by submitting */
	void *cookie;  /* the caller's */
	/*
	 * When it is reaped: 0; -EIO: the device said so, or failed; -EINVAL: a size, an alignment, a limit (dev->max_size,
	 * dev->max_segs), or memory that is not mapped; -ENOSPC: beyond the end; -EROFS; -EOPNOTSUPP.
	 */
	int result;
	bool done;  /* uk_blkdev_do()'s */
	bool alone; /* the driver's: it is not to be one with others */
	struct uk_blkreq *next;
	uintptr_t private[4];
};

/* A queue. The driver's own state follows it. */
struct uk_blkq {
	struct uk_blkdev *dev;
	void (*event)(struct uk_blkq *q, void *arg);
	void *arg;
	uint16_t index;          /* in dev->queue */
	uint16_t inflight;       /* requests that it has */
	struct uk_blkreq *ended; /* refused, or ended otherwise: the next to be reaped */
	struct uk_spinlock lock; /* uk_blkdev_do()'s, with the rest */
	struct uk_waitq waiting;
	bool armed;
};

struct uk_blkdev_conf {
	unsigned queues; /* wanted, 0: one; see dev->queues for how many there are then */
	unsigned len;    /* requests in each, 0: as the driver likes; rounded, cut */
	/*
	 * A queue has what uk_blkdev_irq_on() waited for. Interrupt context: wake a thread. NULL: all use is by
	 * uk_blkdev_do() and its like.
	 */
	void (*event)(struct uk_blkq *q, void *arg);
	/* Or NULL. dev->size has changed, or the device has failed. Interrupt context, or a thread. */
	void (*changed)(struct uk_blkdev *dev, void *arg);
	void *arg; /* for both */
};

/* A device. All is the driver's, and only to be read by users. */
struct uk_blkdev {
	const struct uk_blkdev_ops *ops; /* NULL if there is a single provider */
	struct uk_blkdev *next;          /* in order of registration */
	unsigned index;                  /* 0 for the first */
	const char *driver;              /* "virtio-blk" */
	char name[16];                   /* "vda" */
	uint64_t size;                   /* bytes; changes when somebody resizes it */
	uint32_t sector;                 /* bytes: the unit of offsets and sizes; 512, 4096, ... */
	uint32_t physical;               /* bytes that it writes at once; others cost it a read */
	uint32_t align;                  /* of memory: 1, 512 ... */
	uint32_t max_size;               /* bytes in a request to read or write */
	uint16_t
		max_segs; /* segments; outside of the direct map each page that a segment touches counts */
	bool readonly;
	bool started;
	bool failed;          /* it broke the rules, and was reset */
	uint32_t features;    /* UK_BLKDEV_* */
	uint64_t max_discard; /* bytes in one request */
	uint64_t max_zero;
	uint32_t discard_align; /* what is less or elsewhere it may ignore */
	uint16_t max_queues;
	uint16_t queues;                         /* since the start: so many */
	struct uk_blkq *queue[UK_BLKDEV_QUEUES]; /* of these */
	void (*changed)(struct uk_blkdev *dev, void *arg);
	void *arg;
};

/* The operations of a provider, for images with several (uk/provider.h). */
struct uk_blkdev_ops {
	int (*start)(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf);
	void (*stop)(struct uk_blkdev *dev);
	unsigned (*submit)(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n);
	unsigned (*reap)(struct uk_blkq *q, struct uk_blkreq **done, unsigned n);
	bool (*irq_on)(struct uk_blkq *q);
	void (*irq_off)(struct uk_blkq *q);
};

UK_API_BEGIN

/* The i-th device, from 0 on, or by name; NULL: there is none. After UK_INIT_DEV. */
struct uk_blkdev *uk_blkdev_get(unsigned i);
struct uk_blkdev *uk_blkdev_find(const char *name);

/* ---- direct calls of the driver, if there is only one ---- */

/*
 * Makes the queues. 0; -EBUSY: it is started; -ENODEV: it was unplugged; -ENOMEM; -EIO: the device did not obey. May
 * block.
 */
int uk_blkdev_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf);

/*
 * Closes it, when nobody uses the queues or will. Requests that were not reaped are never touched again, done
 * or not; a request under way may have changed the disk. It may be started again. May block.
 */
void uk_blkdev_stop(struct uk_blkdev *dev);

/*
 * Submits n requests. Returns how many it took, in order; for the rest there is no room now, reap some. A request
 * that cannot be right is taken as well, and reaped with its error. The device is told once at most, and may get
 * neighbours that read or write on where the one before ends as one request.
 */
unsigned uk_blkdev_submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n);

/* Takes up to n requests that have ended; how many there were. They are the caller's, with their results. */
unsigned uk_blkdev_reap(struct uk_blkq *q, struct uk_blkreq **done, unsigned n);

/*
 * Asks for one interrupt, when there is a request to reap. True: there is already, and there will be none. So
 * nothing is lost between looking and waiting. May be called again before it came.
 */
bool uk_blkdev_irq_on(struct uk_blkq *q);

/* Takes that back. An interrupt that is on its way may still come. */
void uk_blkdev_irq_off(struct uk_blkq *q);

/* ---- with waiting; the device was started without an event ---- */

/* A request from its beginning to its end; its result. Blocks. The CPU's queue, or one that it shares. */
int uk_blkdev_do(struct uk_blkdev *dev, struct uk_blkreq *r);

/*
 * Of one buffer, in as many requests as the limits ask for. 0, or what uk_blkreq.result says; then any part of it may
 * have been done. Blocks.
 */
int uk_blkdev_read(struct uk_blkdev *dev, uint64_t offset, void *buf, size_t size);
int uk_blkdev_write(struct uk_blkdev *dev, uint64_t offset, const void *buf, size_t size);

/* Everything that was written before is durable. 0, -EIO. Blocks. */
int uk_blkdev_flush(struct uk_blkdev *dev);

/*
 * UK_BLK_DISCARD or UK_BLK_ZERO of a range of any size. A device that cannot write zeroes is given them to write; one that
 * does not know discarding: -EOPNOTSUPP. Blocks.
 */
int uk_blkdev_clear(struct uk_blkdev *dev, enum uk_blk_op op, unsigned flags, uint64_t offset,
		    uint64_t size);

UK_API_END

#endif
