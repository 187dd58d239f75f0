/* SPDX-License-Identifier: BSD-3-Clause */
/* high:low / d, where high < d; the remainder in *rest. */
#ifndef UK_MUSL_DIV_STEP_H
#define UK_MUSL_DIV_STEP_H

#include <stdint.h>

static uint64_t div_step(uint64_t high, uint64_t low, uint64_t d, uint64_t *rest)
{
	uint64_t q;

	__asm__("divq %4" : "=a"(q), "=d"(*rest) : "a"(low), "d"(high), "r"(d) : "cc");
	return q;
}

#endif
