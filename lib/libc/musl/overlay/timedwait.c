/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's __timedwait.c, with the usual case by itself: a wait without an end needs no clock, and our
 * kernel none of the retries for old ones.
 */
#include "pthread_impl.h"
#include "futex.h"
#include "syscall.h"

hidden int __uk_timedwait_at(volatile int *, int, clockid_t, const struct timespec *, int);

#define __timedwait_cp __uk_timedwait_at
#include "src/thread/__timedwait.c"
#undef __timedwait_cp

int __timedwait_cp(volatile int *addr, int val, clockid_t clk, const struct timespec *at, int priv)
{
	int r;

	if (at)
		return __uk_timedwait_at(addr, val, clk, at, priv);
	r = -__syscall_cp(SYS_futex, (long)addr, FUTEX_WAIT | (priv ? FUTEX_PRIVATE : 0), val, 0, 0,
			  0);
	return r == ECANCELED || (r == EINTR && __eintr_valid_flag) ? r : 0;
}
