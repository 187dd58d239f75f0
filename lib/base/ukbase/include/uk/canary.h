/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack protector's canary, for the code that chooses it.
 */
#ifndef UK_CANARY_H
#define UK_CANARY_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/* The value. Nobody may set it whose caller has one on its stack already. */
extern uintptr_t __stack_chk_guard;

/* Says in which function the stack was smashed, and ends as a crash does. Any context. */
UK_NORETURN void __stack_chk_fail(void);

UK_API_END

/*
 * Takes `random` for the canary. The byte that comes first in memory becomes 0, which ends a string: an
 * overflow by string functions cannot write the value, even if it is known, nor read across it.
 */
static UK_ALWAYS_INLINE void uk_canary_set(uint64_t random)
{
	__stack_chk_guard = random & ~(uintptr_t)0xff;
}

#endif
