/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which multicast addresses a device is to hand over frames for: counted, as several groups of a protocol share one.
 */
#include <uk/netdev_driver.h>
#include <uk/print.h>

static struct uk_netdev_group *find(struct uk_netdev *dev, const uint8_t mac[6])
{
	for (unsigned i = 0; i < UK_NETDEV_GROUPS; i++)
		if (dev->groups[i].users && !memcmp(dev->groups[i].mac, mac, 6))
			return &dev->groups[i];
	return NULL;
}

static struct uk_netdev_group *unused(struct uk_netdev *dev)
{
	for (unsigned i = 0; i < UK_NETDEV_GROUPS; i++)
		if (!dev->groups[i].users)
			return &dev->groups[i];
	return NULL;
}

/* From now on all of them: there are more than the device, or we, can note. */
static int give_up(struct uk_netdev *dev)
{
	int rc = dev->group(dev, NULL, true);

	dev->all_groups = !rc;
	uk_pr_warn("%s: so many multicast addresses that it %s", dev->name,
		   rc ? "cannot be told of the last one: its packets do not come"
		      : "hands over all multicast packets from now on");
	return rc;
}

int uk_netdev_group(struct uk_netdev *dev, const uint8_t mac[6], bool join)
{
	struct uk_netdev_group *g;
	int rc;

	if (!(mac[0] & 1))
		return -EINVAL;
	if (!dev->filter || dev->all_groups)
		return dev->filter ? 0 : -ENOTSUP;
	g = find(dev, mac);
	if (!join) {
		if (!g)
			return -ENOENT;
		return --g->users ? 0 : dev->group(dev, mac, false);
	}
	if (g) {
		g->users++;
		return 0;
	}
	g = unused(dev);
	if (!g)
		return give_up(dev);
	memcpy(g->mac, mac, 6);
	g->users = 1;
	rc = dev->group(dev, mac, true);
	return rc ? give_up(dev) : 0;
}
