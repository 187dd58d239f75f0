/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting a device again that failed: a fault that happens once shall not cost the machine its network, and a device
 * that fails all the time shall not cost it its processor.
 */
#include <uk/netdev_driver.h>
#include <uk/print.h>
#include <uk/time.h>

#define AGAIN_SEC 60U

bool uk_netdev_restart(struct uk_netdev *dev)
{
	uk_nsec now = uk_clock_monotonic();
	int rc = -ENOSYS;

	if (!uk_shared_get(dev->failed) || dev->restart_from == UK_NSEC_MAX)
		return false;
	if (now < dev->restart_from) {
		dev->restart_from = UK_NSEC_MAX;
		uk_pr_err("%s: it has failed twice within %u s, and stays off", dev->name,
			  AGAIN_SEC);
		return false;
	}
	uk_shared_set(dev->failed, false);
	if (dev->restart)
		rc = dev->restart(dev);
	if (rc) {
		uk_shared_set(dev->failed, true);
		dev->restart_from = UK_NSEC_MAX;
		uk_pr_err("%s: it does not start again (error %d), and stays off", dev->name, -rc);
		return false;
	}
	dev->restart_from = now + AGAIN_SEC * UK_NSEC_PER_SEC;
	uk_pr_warn("%s: started again; packets that it had are lost", dev->name);
	return true;
}
