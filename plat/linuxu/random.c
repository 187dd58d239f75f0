/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Randomness: the host kernel's generator. The 16 bytes that it leaves in every new process serve
 * the first small requests, without a system call; each byte is given out once.
 */
#include <uk/plat/random.h>
#include <uk/string.h>

#include "linuxu.h"

#define AT_RANDOM_SIZE 16

size_t uk_plat_entropy(void *buf, size_t n)
{
	static size_t given;
	uint8_t *p = buf;
	size_t done = 0;

	if (linuxu_auxv.random && n <= AT_RANDOM_SIZE - given) {
		memcpy(p, linuxu_auxv.random + given, n);
		memset(linuxu_auxv.random + given, 0, n);
		given += n;
		return n;
	}
	/* Requests of up to 256 bytes are whole or fail; larger ones may come in parts. */
	while (done < n) {
		long r = host_syscall3(HOST_NR_getrandom, (long)(p + done), (long)(n - done),
				       HOST_GRND_NONBLOCK);

		if (r == -EINTR)
			continue;
		if (r <= 0) /* the host has just started and has none itself */
			break;
		done += (size_t)r;
	}
	for (size_t i = done; i < n; i++) {
		struct host_timespec ts;

		host_syscall3(HOST_NR_clock_gettime, HOST_CLOCK_MONOTONIC, (long)&ts, 0);
		p[i] = (uint8_t)(ts.nsec ^ ts.nsec >> 8);
	}
	return done;
}

/* A process that is restored (CRIU) cannot tell. */
const void *uk_plat_generation(void)
{
	return NULL;
}
