/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-poll. */
#ifndef POSIX_POLL_INTERNAL_H
#define POSIX_POLL_INTERNAL_H

#include <uk/abi/time.h>
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/process.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/uaccess.h>
#ifdef CONFIG_LIBPOSIX_SIGNAL
#include <uk/signal.h>
#else
static inline int uk_signal_mask_swap(const uint64_t *mask, size_t size)
{
	return mask ? -ENOSYS : 0;
}

static inline void uk_signal_mask_restore(long result)
{
}
#endif

/* When a wait with this relative timeout ends; NULL: never. 0, -EFAULT or -EINVAL. */
static inline int timeout_deadline(const struct uk_abi_timespec *timeout, uk_nsec *deadline)
{
	struct uk_abi_timespec ts;
	uk_nsec span;

	*deadline = UK_NSEC_MAX;
	if (!timeout)
		return 0;
	if (uk_get_user(&ts, timeout))
		return -EFAULT;
	if (!uk_abi_timespec_nsec(&ts, &span))
		return -EINVAL;
	*deadline = span ? uk_deadline(span) : 0;
	return 0;
}

#endif
