/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A system call has failed: its result goes to errno. (syscall_arch.h has the test in line.)
 */
#include <errno.h>
#include <features.h>

hidden long __uk_syscall_failed(unsigned long result)
{
	errno = -result;
	return -1;
}
