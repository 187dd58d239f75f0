/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arch_prctl(2): the thread pointer. fs is the application's, gs is ours.
 */
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/thread.h>
#include <uk/uaccess.h>

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

UK_SYSCALL_LEAF(long, arch_prctl, int op, uintptr_t addr)
{
	switch (op) {
	case ARCH_SET_FS:
		uk_thread_set_tp(addr);
		return 0;
	case ARCH_GET_FS:
		return uk_put_user(uk_thread_current()->ctx.tp, (uintptr_t *)addr);
	}
	return -EINVAL;
}
