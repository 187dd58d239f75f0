/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests with waiting, by any number of threads on one queue. The queue's lock is held for a moment at a time.
 * Whoever has it reaps for all: a request that ended is marked, and those who wait look at theirs. Of the threads that
 * wait, all ask for the interrupt; who is woken first finds what there is.
 */
#include <uk/atomic.h>
#include <uk/percpu.h>

#include "blkdev_priv.h"

#define BATCH  16U
#define ZEROES 4096U
#define PIECES 8U /* of what is larger than a request can be, under way together */

void blkdev_wake(struct uk_blkq *q, void *arg UK_UNUSED)
{
	uk_waitq_wake_all(&q->waiting);
}

/* With the lock: marks what has ended. True: there was something. */
static bool reap(struct uk_blkq *q)
{
	struct uk_blkreq *done[BATCH];
	bool any = false;
	unsigned n;

	do {
		n = uk_blkdev_reap(q, done, BATCH);
		for (unsigned i = 0; i < n; i++)
			uk_atomic_store_release(&done[i]->done, true);
		any |= n;
	} while (n == BATCH);
	return any;
}

/*
 * Is it done? If not, the interrupt is asked for. What was reaped meanwhile may be others', and there is room: they are
 * woken.
 */
static bool is_done(struct uk_blkq *q, struct uk_blkreq *r)
{
	bool done, any = false;

	uk_spin_lock(&q->lock);
	do {
		any |= reap(q);
		done = uk_atomic_load_relaxed(&r->done);
	} while (!done && uk_blkdev_irq_on(q));
	uk_spin_unlock(&q->lock);
	if (any)
		uk_waitq_wake_all(&q->waiting);
	return done;
}

/* Submits what is left of n requests, as far as there is room; if that is not all, the interrupt is asked for. */
static bool submitted(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n, unsigned *taken)
{
	bool any = false;

	uk_spin_lock(&q->lock);
	for (;;) {
		*taken += uk_blkdev_submit(q, reqs + *taken, n - *taken);
		if (*taken == n || !uk_blkdev_irq_on(q))
			break;
		any |= reap(q);
	}
	uk_spin_unlock(&q->lock);
	if (any)
		uk_waitq_wake_all(&q->waiting);
	return *taken == n;
}

static struct uk_blkq *queue_here(struct uk_blkdev *dev)
{
	return dev->queue[uk_cpu() % dev->queues];
}

/* All of them, to their end. */
static void finish(struct uk_blkdev *dev, struct uk_blkreq *const *reqs, unsigned n)
{
	struct uk_blkq *q = queue_here(dev);
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		reqs[i]->done = false;
	if (!submitted(q, reqs, n, &taken))
		UK_WAIT_UNINTERRUPTIBLE(&q->waiting, submitted(q, reqs, n, &taken), UK_NSEC_MAX);
	while (n--)
		if (!is_done(q, reqs[n]))
			UK_WAIT_UNINTERRUPTIBLE(&q->waiting, is_done(q, reqs[n]), UK_NSEC_MAX);
}

int uk_blkdev_do(struct uk_blkdev *dev, struct uk_blkreq *r)
{
	finish(dev, &r, 1);
	return r->result;
}

/* In pieces, of which several are under way: the device is told of them at once, and tells us once if it can. */
static int transfer_large(struct uk_blkdev *dev, enum uk_blk_op op, uint64_t offset, char *buf,
			  size_t size)
{
	struct uk_blkreq r[PIECES], *list[PIECES];
	struct uk_blkseg segs[PIECES];
	int rc = 0;

	while (size && !rc) {
		unsigned n = 0;

		for (; n < PIECES && size; n++) {
			segs[n] = (struct uk_blkseg){ buf, UK_MIN(size, (size_t)dev->max_size) };
			r[n] = (struct uk_blkreq){
				.op = op, .nsegs = 1, .segs = &segs[n], .offset = offset
			};
			list[n] = &r[n];
			offset += segs[n].len;
			buf += segs[n].len;
			size -= segs[n].len;
		}
		finish(dev, list, n);
		for (unsigned i = 0; i < n && !rc; i++)
			rc = r[i].result;
	}
	return rc;
}

static int transfer(struct uk_blkdev *dev, enum uk_blk_op op, uint64_t offset, void *buf,
		    size_t size)
{
	struct uk_blkseg seg = { buf, size };
	struct uk_blkreq r = { .op = op, .nsegs = 1, .segs = &seg, .offset = offset };

	if (!size)
		return 0;
	if (UK_UNLIKELY(size > dev->max_size))
		return transfer_large(dev, op, offset, buf, size);
	return uk_blkdev_do(dev, &r);
}

int uk_blkdev_read(struct uk_blkdev *dev, uint64_t offset, void *buf, size_t size)
{
	return transfer(dev, UK_BLK_READ, offset, buf, size);
}

int uk_blkdev_write(struct uk_blkdev *dev, uint64_t offset, const void *buf, size_t size)
{
	return transfer(dev, UK_BLK_WRITE, offset, (void *)(uintptr_t)buf, size);
}

int uk_blkdev_flush(struct uk_blkdev *dev)
{
	struct uk_blkreq r = { .op = UK_BLK_FLUSH };

	return uk_blkdev_do(dev, &r);
}

/* Zeroes for a device that has no request for that. */
static int write_zeroes(struct uk_blkdev *dev, uint64_t offset, uint64_t size)
{
	static const char zeroes[ZEROES] __attribute__((aligned(ZEROES)));
	size_t n;
	int rc;

	for (; size; offset += n, size -= n) {
		n = (size_t)UK_MIN(size, (uint64_t)ZEROES);
		rc = uk_blkdev_write(dev, offset, zeroes, n);
		if (rc)
			return rc;
	}
	return 0;
}

int uk_blkdev_clear(struct uk_blkdev *dev, enum uk_blk_op op, unsigned flags, uint64_t offset,
		    uint64_t size)
{
	uint64_t max = op == UK_BLK_ZERO ? dev->max_zero : dev->max_discard;
	int rc;

	if (op == UK_BLK_ZERO && !(dev->features & UK_BLKDEV_ZERO))
		return write_zeroes(dev, offset, size);
	if (op != UK_BLK_ZERO && !(dev->features & UK_BLKDEV_DISCARD))
		return -EOPNOTSUPP;
	while (size) {
		struct uk_blkreq r = { .op = (uint8_t)op,
				       .flags = (uint8_t)flags,
				       .offset = offset,
				       .size = UK_MIN(size, max) };

		rc = uk_blkdev_do(dev, &r);
		if (rc)
			return rc;
		offset += r.size;
		size -= r.size;
	}
	return 0;
}
