/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What compilers call where general registers have no instruction for it: counting bits. By the name of their own run-time
 * library.
 */
#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN
int __popcountdi2(uint64_t x);
UK_API_END

int __popcountdi2(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)(x * 0x0101010101010101 >> 56);
}
