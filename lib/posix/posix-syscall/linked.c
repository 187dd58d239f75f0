/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a number at run time to its handler, as far as the image has it for other reasons.
 *
 * Handlers that are in the image have an entry in the linker table `syscall` (see UK_SYSCALL);
 * the first call sorts them into an array. The array is zero-initialised data: it costs no
 * bytes in the image, and nothing at all when nobody calls through numbers.
 */
#include <uk/syscall.h>
#include "missing.h"

UK_TABLE_DECLARE(const struct uk_syscall_entry, syscall);

typedef long (*handler_fn)(long a, long b, long c, long d, long e, long f);

static handler_fn handlers[UK_SYSCALL_LIMIT];
static bool filled;

/* May run twice at the same time: both write the same values, and `filled` last. */
static void fill(void)
{
	const struct uk_syscall_entry *e;

	uk_table_for_each(e, syscall)
		handlers[e->nr] = (handler_fn)e->handler;
	__atomic_store_n(&filled, true, __ATOMIC_RELEASE);
}

long uk_syscall_table(long nr, long a, long b, long c, long d, long e, long f)
{
	handler_fn handler;

	if (UK_UNLIKELY(!__atomic_load_n(&filled, __ATOMIC_ACQUIRE)))
		fill();
	if ((unsigned long)nr >= UK_SYSCALL_LIMIT || !(handler = handlers[nr]))
		return uk_syscall_missing(nr);
	/* Too many arguments are harmless: they are in registers that the callee ignores. */
	return handler(a, b, c, d, e, f);
}
