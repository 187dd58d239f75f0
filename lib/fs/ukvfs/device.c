/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of character devices. A dozen entries: no index needed.
 */
#include <uk/device.h>

struct uk_cdev *uk_cdev_list;

void uk_cdev_register(struct uk_cdev *dev)
{
	struct uk_cdev **end = &uk_cdev_list;

	while (*end)
		end = &(*end)->next;
	*end = dev;
}

struct uk_cdev *uk_cdev_find(uint64_t rdev)
{
	struct uk_cdev *dev;

	for (dev = uk_cdev_list; dev; dev = dev->next)
		if (dev->rdev == rdev)
			break;
	return dev;
}
