/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getrandom(2). The generator is seeded from the first request on and never waits, so the flags
 * that choose a pool or forbid waiting change nothing.
 */
#include <uk/errno.h>
#include <uk/random.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>

#define GRND_NONBLOCK 1U
#define GRND_RANDOM   2U
#define GRND_INSECURE 4U
#define BYTES_MAX     0x7fffffffUL /* the result is an int in many a program */

UK_SYSCALL(ssize_t, getrandom, void *buf, size_t n, unsigned flags)
{
	if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (n > BYTES_MAX)
		n = BYTES_MAX;
	if (n && !uk_access_ok(buf, n))
		return -EFAULT;
	uk_random_fill(buf, n);
	return (ssize_t)n;
}
