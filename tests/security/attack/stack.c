/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 8, 10 and 25: the stack overflows; a buffer on it does, up to the return address; the image
 * gives up by itself.
 */
#include <stdlib.h>
#include "attack.h"

/* Writes to every 256 bytes or so on its way down. */
static NOINLINE int descend(const volatile char *end)
{
	volatile char here[128];

	here[0] = 1;
	if (end && (const volatile char *)hide(here) <= end)
		return 0;
	return descend(end) + here[0];
}

void eat_stack(size_t bytes)
{
	char *here = __builtin_frame_address(0);

	descend(bytes ? hide(here - bytes) : NULL);
}

/* With `bytes` a little more than the stack is long: a descent that stops just below its end. */
enum verdict overflow_stack(void)
{
	eat_stack(attack_bytes);
	return SUCCEEDED;
}

/* Fills a buffer, and what lies above it: the caller's address becomes gained()'s. */
static NOINLINE void fill(size_t words)
{
	uintptr_t buffer[4], *p = hide(buffer);

	while (words--)
		*p++ = (uintptr_t)hide((void *)(uintptr_t)gained);
	hide(buffer);
}

enum verdict smash(void)
{
	fill((size_t)hide((void *)16));
	return NOTHING_HAPPENED;
}

/* What an attacker who may read would find above a buffer: the canary, if there is one. */
NOINLINE uintptr_t canary(void)
{
	uintptr_t buffer[5], *p = hide(buffer);

	return p[sizeof(buffer) / sizeof(buffer[0])];
}

enum verdict panic(void)
{
	abort();
}
