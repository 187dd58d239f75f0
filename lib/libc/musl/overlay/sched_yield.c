/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handler itself, by a jump: it never fails, so there is no result to turn into errno; and its
 * long is the int wanted here, which compilers do not make use of by themselves.
 */
#include <sched.h>

extern __typeof__(sched_yield) handler __asm__("uk_sys_sched_yield");

int sched_yield(void)
{
	return handler();
}
