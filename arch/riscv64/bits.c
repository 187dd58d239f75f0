/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What compilers call where the CPU has no instruction for it (the extension Zbb would): counting bits, and turning bytes
 * around. By the names of their own run-time library.
 */
#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN
int __clzdi2(uint64_t x);
int __ctzdi2(uint64_t x);
int __ffsdi2(uint64_t x);
int __popcountdi2(uint64_t x);
uint32_t __bswapsi2(uint32_t x);
uint64_t __bswapdi2(uint64_t x);
UK_API_END

/* Where a bit is that is alone: it, times a sequence in which every six bits are different (de Bruijn). */
static inline int place_of(uint64_t bit)
{
	static const uint8_t place[64] = {
		0,  1,  2,  7,  3,  13, 8,  19, 4,  25, 14, 28, 9,  34, 20, 40,
		5,  17, 26, 38, 15, 46, 29, 48, 10, 31, 35, 54, 21, 50, 41, 57,
		63, 6,  12, 18, 24, 27, 33, 39, 16, 37, 45, 47, 30, 53, 49, 56,
		62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58,
	};

	return place[bit * 0x0218a392cd3d5dbf >> 58];
}

int __clzdi2(uint64_t x)
{
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return 63 - place_of(x - (x >> 1));
}

int __ctzdi2(uint64_t x)
{
	return place_of(x & -x);
}

int __ffsdi2(uint64_t x)
{
	return x ? __ctzdi2(x) + 1 : 0;
}

int __popcountdi2(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)(x * 0x0101010101010101 >> 56);
}

uint32_t __bswapsi2(uint32_t x)
{
	x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
	return x << 16 | x >> 16;
}

uint64_t __bswapdi2(uint64_t x)
{
	x = (x & 0x00ff00ff00ff00ff) << 8 | (x >> 8 & 0x00ff00ff00ff00ff);
	x = (x & 0x0000ffff0000ffff) << 16 | (x >> 16 & 0x0000ffff0000ffff);
	return x << 32 | x >> 32;
}
