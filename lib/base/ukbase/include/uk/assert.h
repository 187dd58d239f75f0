/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Assertions for our own mistakes; they cost nothing when CONFIG_LIBUKBASE_ASSERT is off.
 * Input from outside is never asserted on: it gets an error.
 */
#ifndef UK_ASSERT_H
#define UK_ASSERT_H

#include <uk/config.h>
#include <uk/print.h>

#ifdef CONFIG_LIBUKBASE_ASSERT
#define UK_ASSERT(x)                                                                       \
	do {                                                                               \
		if (UK_UNLIKELY(!(x)))                                                     \
			uk_panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #x);   \
	} while (0)
#else
/* The expression is still compiled, so that it cannot rot, but not evaluated. */
#define UK_ASSERT(x) ((void)sizeof((long)(x)))
#endif

#define UK_BUG(text) uk_panic("%s:%d: %s", __FILE__, __LINE__, text)

#endif
