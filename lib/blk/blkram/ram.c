/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk in memory, and the smallest example of a driver. A request is done when it is submitted, and waits in its
 * queue's list to be reaped.
 */
#include <uk/alloc.h>
#include <uk/blkdev_driver.h>
#include <uk/config.h>
#include <uk/init.h>
#include <uk/string.h>

#define SIZE   ((uint64_t)CONFIG_LIBBLKRAM_KIB << 10)
#define LEN    64U /* requests in a queue */
#define QUEUES 2U

UK_BLKDEV_PROVIDER(blkram);
UK_BLKDEV_OPS(blkram);

struct disk {
	struct uk_blkdev dev;
	struct uk_blkq queue[UK_BLKDEV_QUEUES];
	char *bytes;
};

static struct disk disk;

int blkram_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	int rc = uk_blkdev_opening(dev, conf);

	if (rc)
		return rc;
	if (!disk.bytes)
		disk.bytes = uk_calloc(1, SIZE);
	if (!disk.bytes)
		return -ENOMEM;
	for (unsigned i = 0; i < dev->queues; i++)
		uk_blkq_init(&disk.queue[i], dev, i, conf);
	dev->started = true;
	return 0;
}

/* (What was written stays.) */
void blkram_stop(struct uk_blkdev *dev)
{
	dev->started = false;
}

static void move(const struct uk_blkreq *r)
{
	char *at = disk.bytes + r->offset;

	for (unsigned i = 0; i < r->nsegs; i++) {
		if (r->op == UK_BLK_READ)
			memcpy(r->segs[i].base, at, r->segs[i].len);
		else
			memcpy(at, r->segs[i].base, r->segs[i].len);
		at += r->segs[i].len;
	}
}

unsigned blkram_submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && q->inflight < LEN; i++) {
		struct uk_blkreq *r = reqs[i];
		int rc = uk_blkreq_check(q->dev, r);

		if (!rc && (r->op == UK_BLK_READ || r->op == UK_BLK_WRITE))
			move(r);
		else if (!rc)
			memset(disk.bytes + r->offset, 0, r->size);
		uk_blkreq_end(q, r, UK_MIN(rc, 0));
		q->inflight++;
	}
	return i;
}

unsigned blkram_reap(struct uk_blkq *q, struct uk_blkreq **done, unsigned n)
{
	n = uk_blkq_ended(q, done, n);
	q->inflight = (uint16_t)(q->inflight - n);
	return n;
}

/* There is never anything to wait for. */
bool blkram_irq_on(struct uk_blkq *q UK_UNUSED)
{
	return true;
}

void blkram_irq_off(struct uk_blkq *q UK_UNUSED)
{
}

static int blkram_init(void)
{
	disk.dev = (struct uk_blkdev){
		.ops = UK_OPS(&blkram_ops),
		.driver = "blkram",
		.name = "ram0",
		.size = SIZE,
		.sector = UK_BLKDEV_SECTOR,
		.physical = UK_BLKDEV_SECTOR,
		.align = 1,
		.max_size = 1U << 20,
		.max_segs = 256,
		.features = UK_BLKDEV_DISCARD | UK_BLKDEV_ZERO,
		.max_discard = SIZE,
		.max_zero = SIZE,
		.discard_align = UK_BLKDEV_SECTOR,
		.max_queues = QUEUES,
	};
	uk_blkdev_register(&disk.dev);
	return 0;
}
UK_INIT(UK_INIT_DEV, "5", blkram_init, NULL);
