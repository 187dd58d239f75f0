/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of network devices, and what all drivers do alike when one is started.
 */
#include <uk/netdev_driver.h>
#include <uk/print.h>

static struct uk_netdev *devices;

void uk_netdev_register(struct uk_netdev *dev)
{
	struct uk_netdev **last = &devices;

	for (; *last; last = &(*last)->next)
		dev->index++;
	if (!dev->name[0])
		uk_snprintf(dev->name, sizeof(dev->name), "eth%u", dev->index);
	*last = dev;
	uk_pr_info("%s: %s, %02x:%02x:%02x:%02x:%02x:%02x, mtu %u", dev->name, dev->driver,
		   dev->mac[0], dev->mac[1], dev->mac[2], dev->mac[3], dev->mac[4], dev->mac[5],
		   dev->mtu);
}

struct uk_netdev *uk_netdev_get(unsigned i)
{
	struct uk_netdev *dev = devices;

	while (dev && i--)
		dev = dev->next;
	return dev;
}

struct uk_netdev *uk_netdev_find(const char *name)
{
	struct uk_netdev *dev = devices;

	while (dev && uk_strcmp(dev->name, name))
		dev = dev->next;
	return dev;
}

int uk_netdev_opening(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	const struct uk_netpool *pool = conf->pool;

	if (dev->started)
		return -EBUSY;
	if (!pool || pool->headroom < dev->headroom)
		return -EINVAL;
	if (pool->size < (dev->rx_split ? UK_ETH_MTU_MIN : dev->mtu + UK_ETH_HEADER + 4U))
		return -EINVAL;
	dev->queues = UK_MIN(UK_MAX(conf->queues, 1U), (unsigned)dev->max_queues);
	dev->queues = UK_MIN((unsigned)dev->queues, (unsigned)UK_NETDEV_QUEUES);
	dev->active = dev->features & ~conf->not_wanted;
	dev->link_event = conf->link;
	dev->arg = conf->arg;
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	dev->filter = conf->filter && dev->group;
	dev->all_groups = false;
	memset(dev->groups, 0, sizeof(dev->groups));
#endif
	return 0;
}

void uk_netq_init(struct uk_netq *q, struct uk_netdev *dev, unsigned index, bool tx,
		  const struct uk_netdev_conf *conf)
{
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->pool = conf->pool;
	q->event = conf->event;
	q->arg = conf->arg;
	q->index = index;
	q->tx = tx;
	if (tx)
		dev->tx[index] = q;
	else
		dev->rx[index] = q;
}

void uk_netdev_link_set(struct uk_netdev *dev, bool up)
{
	if (uk_shared_get(dev->link) == up)
		return;
	uk_shared_set(dev->link, up);
	if (dev->link_event)
		dev->link_event(dev, dev->arg);
}

void uk_netdev_failed(struct uk_netdev *dev)
{
	if (uk_shared_get(dev->failed))
		return;
	uk_shared_set(dev->failed, true);
	uk_shared_set(dev->link, false);
	if (dev->link_event)
		dev->link_event(dev, dev->arg);
}
