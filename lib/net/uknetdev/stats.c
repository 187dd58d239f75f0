/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of a running image: `netdev.stats=5` writes a line for each device that is in use to the
 * log every five seconds, if it has moved anything since, and one at exit.
 */
#include <uk/init.h>
#include <uk/netdev.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/time.h>
#include <uk/timer.h>

UK_PARAM_UINT(netdev, stats, 0, "seconds between lines in the log that count packets; 0: none");

static uint64_t said; /* packets, at the last line */

static void say(const struct uk_netdev *dev, const struct uk_netq_stats *in,
		const struct uk_netq_stats *out)
{
	uk_pr_asked(
		"%s: received %lu packets, %lu bytes (dropped %lu, errors %lu); sent %lu packets, "
		"%lu bytes (dropped %lu, errors %lu); link %s",
		dev->name, in->packets, in->bytes, in->drops, in->errors, out->packets, out->bytes,
		out->drops, out->errors, dev->link ? "up" : "down");
}

static void say_all(void)
{
	const struct uk_netdev *dev;
	uint64_t now = 0;

	for (unsigned i = 0; (dev = uk_netdev_get(i)); i++) {
		struct uk_netq_stats in = uk_netdev_stats(dev, false);
		struct uk_netq_stats out = uk_netdev_stats(dev, true);

		now += in.packets + in.drops + in.errors + out.packets + out.drops + out.errors;
	}
	if (now == said)
		return;
	said = now;
	for (unsigned i = 0; (dev = uk_netdev_get(i)); i++) {
		struct uk_netq_stats in = uk_netdev_stats(dev, false);
		struct uk_netq_stats out = uk_netdev_stats(dev, true);

		say(dev, &in, &out);
	}
}

static void due(struct uk_timer *t)
{
	say_all();
	uk_timer_start(t, t->deadline + uk_param_netdev_stats.u * UK_NSEC_PER_SEC);
}

static struct uk_timer timer = UK_TIMER_INIT(due);

static int stats_start(void)
{
	if (uk_param_netdev_stats.u)
		uk_timer_start(&timer,
			       uk_clock_monotonic() + uk_param_netdev_stats.u * UK_NSEC_PER_SEC);
	return 0;
}

static void stats_stop(void)
{
	if (uk_param_netdev_stats.u)
		say_all();
}
UK_INIT(UK_INIT_DEV, "9", stats_start, stats_stop);
