/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 11 and 12: the heap's own data is turned against it. Each ends with what an attacker is
 * after: two owners of the same memory.
 *
 * The attacker is a strong one. He may read as well: the 8 bytes before a block, where the default
 * allocator keeps size and state, masked by the block's address and a secret. He need not know the
 * secret to copy them from one block to the other; in the same 64 KiB, size and state even survive that.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "attack.h"

#define SIZE  64
#define LARGE 2048 /* too large for the lists of small blocks */
#define HEAD  8

/* `n` blocks of `size` that lie in the same 64 KiB. */
static void near(char *block[], size_t n, size_t size)
{
	do
		for (size_t i = 0; i < n; i++)
			block[i] = hide(malloc(size));
	while (((uintptr_t)block[0] ^ (uintptr_t)block[n - 1]) >> 16);
}

/* The same block is listed as free twice, and so given out twice. */
enum verdict double_free(void)
{
	char *block[3], *again[8];

	near(block, 3, LARGE);
	free(hide(block[1]));
	free(hide(block[1]));
	for (size_t i = 0; i < 8; i++) {
		again[i] = hide(malloc(LARGE - SIZE));
		for (size_t k = 0; k < i; k++)
			if (again[k] == again[i])
				return SUCCEEDED;
	}
	return NOTHING_HAPPENED;
}

/* An address that malloc() never returned, the middle of a block, is freed and given out. */
enum verdict wild_free(void)
{
	char *block[2];

	near(block, 2, 4 * SIZE);
	for (size_t i = 0; i < 4 * SIZE; i += HEAD)
		memcpy(block[0] + i, block[0] - HEAD, HEAD);
	free(hide(block[0] + SIZE));
	return hide(malloc(4 * SIZE)) == block[0] + SIZE ? SUCCEEDED : NOTHING_HAPPENED;
}

/* With several CPUs a heap may cut them from top to bottom. */
static void sort(char *block[], size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k && block[k] < block[k - 1]; k--) {
			char *b = block[k];

			block[k] = block[k - 1];
			block[k - 1] = b;
		}
	}
}

/*
 * A text that is too long runs into the block behind and makes it look four times as long: freed, it
 * will be given out together with what lies behind it.
 */
enum verdict overflow_free(void)
{
	char *block[8], *model[1];

	do {
		near(block, 8, SIZE);
		near(model, 1, 4 * SIZE);
		sort(block, 8);
	} while (((uintptr_t)block[0] ^ (uintptr_t)model[0]) >> 16);
	memset(hide(block[0]), 'A', (size_t)(block[1] - HEAD - block[0]));
	memcpy(hide(block[1] - HEAD), hide(model[0] - HEAD), HEAD);
	free(hide(block[1]));
	return hide(malloc(4 * SIZE)) == block[1] ? SUCCEEDED : NOTHING_HAPPENED;
}

/*
 * What is written to a free block is its link: the block after the next will be where it points, in the
 * middle of somebody else's.
 */
enum verdict use_after_free(void)
{
	char *block[2], *victim[1];

	do {
		near(block, 2, SIZE);
		near(victim, 1, 4 * SIZE);
	} while (((uintptr_t)block[0] ^ (uintptr_t)victim[0]) >> 16);
	free(hide(block[0]));
	free(hide(block[1]));
	memcpy(hide(victim[0] + SIZE - HEAD), hide(block[1] - HEAD), HEAD);
	*(char **)hide(block[1]) = victim[0] + SIZE;
	hide(malloc(SIZE));
	return hide(malloc(SIZE)) == victim[0] + SIZE ? SUCCEEDED : NOTHING_HAPPENED;
}
