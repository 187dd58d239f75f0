/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of block devices, and what all drivers do alike.
 */
#include <uk/blkdev_driver.h>
#include <uk/print.h>
#include <uk/string.h>

#include "blkdev_priv.h"

static struct uk_blkdev *devices;

void uk_blkdev_register(struct uk_blkdev *dev)
{
	struct uk_blkdev **last = &devices;

	for (; *last; last = &(*last)->next)
		dev->index++;
	if (!dev->name[0])
		uk_snprintf(dev->name, sizeof(dev->name), "blk%u", dev->index);
	*last = dev;
	uk_pr_info("%s: %s, %lu MiB in sectors of %u bytes%s", dev->name, dev->driver,
		   (unsigned long)(dev->size >> 20), dev->sector,
		   dev->readonly ? ", read-only" : "");
}

struct uk_blkdev *uk_blkdev_get(unsigned i)
{
	struct uk_blkdev *dev = devices;

	while (dev && i--)
		dev = dev->next;
	return dev;
}

struct uk_blkdev *uk_blkdev_find(const char *name)
{
	struct uk_blkdev *dev = devices;

	while (dev && uk_strcmp(dev->name, name))
		dev = dev->next;
	return dev;
}

int uk_blkdev_opening(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	if (dev->started)
		return -EBUSY;
	dev->queues = UK_MIN(UK_MAX(conf->queues, 1U), (unsigned)dev->max_queues);
	dev->queues = UK_MIN((unsigned)dev->queues, (unsigned)UK_BLKDEV_QUEUES);
	dev->changed = conf->changed;
	dev->arg = conf->arg;
	dev->failed = false;
	return 0;
}

void uk_blkq_init(struct uk_blkq *q, struct uk_blkdev *dev, unsigned index,
		  const struct uk_blkdev_conf *conf)
{
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->event = conf->event ? conf->event : blkdev_wake;
	q->arg = conf->arg;
	q->index = index;
	dev->queue[index] = q;
}

/* Sums up the segments. */
static int check_segs(const struct uk_blkdev *dev, struct uk_blkreq *r)
{
	uint64_t size = 0;

	if (!r->nsegs || r->nsegs > dev->max_segs)
		return -EINVAL;
	for (unsigned i = 0; i < r->nsegs; i++) {
		const struct uk_blkseg *s = &r->segs[i];

		if (!s->len || s->len > dev->max_size || s->len & (dev->sector - 1) ||
		    (uintptr_t)s->base & (dev->align - 1))
			return -EINVAL;
		size += s->len;
	}
	r->size = size;
	return size > dev->max_size ? -EINVAL : 0;
}

int uk_blkreq_check(const struct uk_blkdev *dev, struct uk_blkreq *r)
{
	uint64_t size = uk_shared_get(dev->size);
	int rc;

	switch (r->op) {
	case UK_BLK_READ:
	case UK_BLK_WRITE:
		rc = check_segs(dev, r);
		if (UK_UNLIKELY(rc))
			return rc;
		break;
	case UK_BLK_FLUSH:
		return dev->features & UK_BLKDEV_FLUSH ? 0 : 1;
	case UK_BLK_DISCARD:
	case UK_BLK_ZERO:
		if (!(dev->features & (r->op == UK_BLK_ZERO ? UK_BLKDEV_ZERO : UK_BLKDEV_DISCARD)))
			return -EOPNOTSUPP;
		if (!r->size || r->size & (dev->sector - 1) ||
		    r->size > (r->op == UK_BLK_ZERO ? dev->max_zero : dev->max_discard))
			return -EINVAL;
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (UK_UNLIKELY(r->offset & (dev->sector - 1)))
		return -EINVAL;
	if (UK_UNLIKELY(r->offset > size) || UK_UNLIKELY(r->size > size - r->offset))
		return -ENOSPC;
	return r->op != UK_BLK_READ && dev->readonly ? -EROFS : 0;
}

void uk_blkdev_resized(struct uk_blkdev *dev, uint64_t size)
{
	if (uk_shared_get(dev->size) == size)
		return;
	uk_shared_set(dev->size, size);
	if (dev->started && dev->changed)
		dev->changed(dev, dev->arg);
}

void uk_blkdev_failed(struct uk_blkdev *dev)
{
	if (uk_shared_get(dev->failed))
		return;
	uk_shared_set(dev->failed, true);
	if (dev->changed)
		dev->changed(dev, dev->arg);
}
