/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seed: what the loader has put into the device tree, what the CPU or support/run's host has, and for want of more how long something
 * takes that depends on the host.
 */
#include <uk/plat/random.h>

#include "kvm.h"

size_t uk_plat_entropy(void *buf, size_t n)
{
	size_t good = devtree_seed(buf, n);

	good += kvm_more_seed((char *)buf + good, n - good);
	for (size_t i = good; i < n; i++) {
		uint64_t v = 0;

		for (int k = 0; k < 8; k++) {
			kvm_wander();
			v = (v ^ kvm_time()) * 0x9e3779b97f4a7c15;
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
