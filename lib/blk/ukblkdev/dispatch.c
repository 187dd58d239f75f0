/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations when an image has several drivers: through the device's operations struct. With a
 * single one this file is not compiled and the driver's functions have these names.
 */
#include <uk/blkdev.h>

int uk_blkdev_start(struct uk_blkdev *dev, const struct uk_blkdev_conf *conf)
{
	return dev->ops->start(dev, conf);
}

void uk_blkdev_stop(struct uk_blkdev *dev)
{
	dev->ops->stop(dev);
}

unsigned uk_blkdev_submit(struct uk_blkq *q, struct uk_blkreq *const *reqs, unsigned n)
{
	return q->dev->ops->submit(q, reqs, n);
}

unsigned uk_blkdev_reap(struct uk_blkq *q, struct uk_blkreq **done, unsigned n)
{
	return q->dev->ops->reap(q, done, n);
}

bool uk_blkdev_irq_on(struct uk_blkq *q)
{
	return q->dev->ops->irq_on(q);
}

void uk_blkdev_irq_off(struct uk_blkq *q)
{
	q->dev->ops->irq_off(q);
}
