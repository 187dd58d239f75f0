/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seed: rdseed, rdrand, and for want of these how long something takes that depends on the host.
 */
#include <uk/arch/cpu.h>
#include <uk/plat/random.h>
#include <uk/string.h>

#include "platform.h"

size_t uk_plat_entropy(void *buf, size_t n)
{
	size_t good = 0;
	char *p = buf;

	while (n) {
		uint64_t v = 0;
		size_t len = UK_MIN(n, sizeof(v));

		if (x86_random(&v))
			good += len;
		else
			for (int i = 0; i < 8; i++) {
				boot_jitter();
				v = (v ^ x86_rdtsc()) * 0x9e3779b97f4a7c15;
				v ^= v >> 29;
			}
		memcpy(p, &v, len);
		p += len;
		n -= len;
	}
	return good;
}
