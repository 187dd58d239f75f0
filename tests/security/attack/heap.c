/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 11 and 12: the heap's own data is turned against it. Each ends with what an attacker is
 * after: two owners of the same memory, or an address of his own choice from malloc().
 */
#include <stdlib.h>
#include <string.h>
#include "attack.h"

#define SIZE 64

enum verdict double_free(void)
{
	void *p = hide(malloc(SIZE)), *a, *b;

	free(hide(p));
	free(hide(p));
	a = hide(malloc(SIZE));
	b = hide(malloc(SIZE));
	return a == b ? SUCCEEDED : NOTHING_HAPPENED;
}

/* An address that malloc() never returned: the middle of a block, made to look like one. */
enum verdict wild_free(void)
{
	char *p = hide(malloc(4 * SIZE));

	for (size_t i = 0; i < 4 * SIZE; i += 8)
		memcpy(p + i, p - 8, 8);
	free(hide(p + SIZE));
	return hide(malloc(SIZE)) ? SUCCEEDED : NOTHING_HAPPENED;
}

/* A text that is too long runs into the block behind; that one is freed, and so is its own. */
enum verdict overflow_free(void)
{
	char *p[3];

	for (int i = 0; i < 3; i++)
		p[i] = hide(malloc(SIZE));
	memset(hide(p[1]), 'A', SIZE + 16);
	for (int i = 0; i < 3; i++)
		free(hide(p[i]));
	return hide(malloc(SIZE)) ? SUCCEEDED : NOTHING_HAPPENED;
}

/* The link of a free block is overwritten: the block after the next would be where it points. */
enum verdict use_after_free(void)
{
	static uintptr_t target[2 * SIZE / sizeof(uintptr_t)] __attribute__((__aligned__(16)));
	void **p = hide(malloc(SIZE));

	free(hide(p));
	*(void **)hide(p) = &target[2];
	for (int i = 0; i < 4; i++)
		if (hide(malloc(SIZE)) == &target[2])
			return SUCCEEDED;
	return NOTHING_HAPPENED;
}
