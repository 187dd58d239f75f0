/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seed, on machines with a device tree: what the loader has put into that, what else the platform has, and for want of more how long
 * something takes that depends on the host.
 */
#include <uk/plat/random.h>

#include "boot.h"
#include "devtree.h"
#include "treeseed.h"

size_t uk_plat_entropy(void *buf, size_t n)
{
	size_t good = devtree_seed(buf, n);

	good += plat_more_seed((char *)buf + good, n - good);
	for (size_t i = good; i < n; i++) {
		uint64_t v = 0;

		for (int k = 0; k < 8; k++) {
			plat_wander();
			v = (v ^ boot_time()) * 0x9e3779b97f4a7c15;
			v ^= v >> 29;
		}
		((uint8_t *)buf)[i] = (uint8_t)(v >> 32);
	}
	return good;
}

const void *uk_plat_generation(void)
{
	return NULL;
}
