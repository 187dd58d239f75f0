/* SPDX-License-Identifier: BSD-3-Clause */
/* high:low / d, where high < d; the remainder in *rest. */
#ifndef UK_MUSL_DIV_STEP_H
#define UK_MUSL_DIV_STEP_H

#include <stdint.h>

static uint64_t div_step(uint64_t high, uint64_t low, uint64_t d, uint64_t *rest)
{
	uint64_t q = 0;

	for (int i = 63; i >= 0; i--) {
		int carry = high >> 63;

		high = high << 1 | (low >> i & 1);
		if (carry || high >= d) {
			high -= d;
			q |= 1ULL << i;
		}
	}
	*rest = high;
	return q;
}

#endif
