/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a number at run time to its handler: a constant array of all of them. What no library
 * implements is in it with its fallback. The array, and all that it refers to, is in the
 * image only if something calls by number.
 */
#include <uk/syscall.h>
#include "missing.h"

typedef long (*handler_fn)(long a, long b, long c, long d, long e, long f);

static void (*const handlers[UK_SYSCALL_LIMIT])(void) = {
#define UK_SYSCALL_X(nr, name, args) [nr] = (void (*)(void))uk_sys_##name,
	UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X
};

long uk_syscall_table(long nr, long a, long b, long c, long d, long e, long f)
{
	if ((unsigned long)nr >= UK_SYSCALL_LIMIT || !handlers[nr])
		return uk_syscall_missing(nr);
	/* Too many arguments are harmless: they are in registers that the callee ignores. */
	return ((handler_fn)handlers[nr])(a, b, c, d, e, f);
}
