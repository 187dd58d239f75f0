/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of pointers, which boot closes, and variables behind them, so many that where they meet is in the middle of 2 MiB that could be
 * one page, and that the frames of page tables are in there, too.
 */
#include <stdio.h>

#define N     300000
#define WORDS 194560

static const char text[] = "closed";
static const char *const table[N]
	__attribute__((__section__(".data.rel.ro.table"))) = { [0 ... N - 1] = text };
static volatile unsigned words[WORDS];

int main(void)
{
	unsigned right = 0;

	for (unsigned i = 0; i < N; i++) {
		const char *const volatile *p = &table[i];

		words[i % WORDS] = i;
		right += *p == text && words[i % WORDS] == i;
	}
	printf("%u of %u\n", right, N);
	return 0;
}
