/* SPDX-License-Identifier: BSD-3-Clause */
/* Answer for a system call that is not in the image, said once by name where that is wanted. */
#ifndef POSIX_SYSCALL_MISSING_H
#define POSIX_SYSCALL_MISSING_H

#include <uk/config.h>
#include <uk/errno.h>

#ifdef CONFIG_LIBPOSIX_SYSCALL_MISSING
long uk_syscall_missing(long nr);
#else
static inline long uk_syscall_missing(long nr)
{
	(void)nr;
	return -ENOSYS;
}
#endif

#endif
