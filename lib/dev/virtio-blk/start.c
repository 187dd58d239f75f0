/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and closing a device.
 */
#include <uk/config.h>
#include <uk/page.h>

#include "vblk.h"

static void interrupt(struct uk_virtq *vq)
{
	struct vblk_queue *q = vq->arg;

	if (uk_virtq_irq_wanted(vq))
		uk_blkq_event(&q->q);
}

static unsigned head_frames(const struct vblk_queue *q)
{
	return (unsigned)UK_DIV_ROUND_UP(q->vq->size * sizeof(*q->head), UK_PAGE_SIZE);
}

static void shut(struct vblk *v)
{
	uk_virtio_reset(v->virtio);
	for (unsigned i = 0; i < UK_BLKDEV_QUEUES; i++) {
		struct vblk_queue *q = &v->queue[i];

		if (!q->vq)
			continue;
		if (q->head)
			uk_page_free(uk_page_from_virt(q->head), head_frames(q));
		q->head = NULL;
		uk_virtio_queue_free(q->vq);
		q->vq = NULL;
	}
	v->dev.started = false;
}

static int open_queue(struct vblk *v, unsigned i, const struct uk_blkdev_conf *conf)
{
	struct vblk_queue *q = &v->queue[i];
	/* Three entries for each request, if there is no table for it. */
	unsigned want = UK_MIN(conf->len, 8192U) * 4;
	uk_paddr_t frames;
	int rc;

	uk_blkq_init(&q->q, &v->dev, i, conf);
	q->again = NULL;
	q->vq = uk_virtio_queue(v->virtio, i, want, interrupt, q, uk_virtio_cpu(i), &rc);
	if (rc)
		return rc;
	frames = uk_page_alloc(head_frames(q), 0);
	if (frames == UK_PAGE_NONE)
		return -ENOMEM;
	q->head = uk_page_to_virt(frames);
	rc = uk_virtq_indirect(q->vq, UK_MIN(TABLES, q->vq->size), SEGS);
	/* Without tables, a request must fit into the ring. */
	if (!rc && !q->vq->tables && v->dev.max_segs + 2U > q->vq->size) {
		if (q->vq->size < 4)
			return -EIO;
		v->dev.max_segs = (uint16_t)(q->vq->size - 2U);
		v->dev.max_size =
			UK_MIN(v->dev.max_size, (v->dev.max_segs - 1U) * (uint32_t)UK_PAGE_SIZE);
	}
	return rc;
}

int virtio_blk_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	struct vblk *v = vblk_of(dev);
	int rc = uk_blkdev_opening(dev, conf);

	if (rc)
		return rc;
	rc = uk_virtio_begin(v->virtio, v->offered);
	if (!rc && v->virtio->features != v->offered)
		rc = -EIO; /* its limits were read with these */
	for (unsigned i = 0; !rc && i < dev->queues; i++)
		rc = open_queue(v, i, conf);
	if (rc) {
		shut(v);
		return rc == -ENOMEM ? rc : -EIO;
	}
	dev->started = true;
	uk_virtio_ready(v->virtio);
	v->virtio->driver->changed(v->virtio); /* it may have another size by now */
	return 0;
}

void virtio_blk_stop(struct uk_blkdev *dev)
{
	shut(vblk_of(dev));
}
