/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations when an image has several drivers: through the device's operations struct. With a
 * single one this file is not compiled and the driver's functions have these names.
 */
#include <uk/netdev.h>

int uk_netdev_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	return dev->ops->start(dev, conf);
}

void uk_netdev_stop(struct uk_netdev *dev)
{
	dev->ops->stop(dev);
}

unsigned uk_netdev_tx(struct uk_netq *q, struct uk_netbuf *const *pkts, unsigned n)
{
	return q->dev->ops->tx(q, pkts, n);
}

unsigned uk_netdev_rx(struct uk_netq *q, struct uk_netbuf **pkts, unsigned n)
{
	return q->dev->ops->rx(q, pkts, n);
}

void uk_netdev_tell(struct uk_netq *q)
{
	q->dev->ops->tell(q);
}

unsigned uk_netdev_reap(struct uk_netq *q)
{
	return q->dev->ops->reap(q);
}

bool uk_netdev_irq_on(struct uk_netq *q)
{
	return q->dev->ops->irq_on(q);
}

void uk_netdev_irq_off(struct uk_netq *q)
{
	q->dev->ops->irq_off(q);
}
