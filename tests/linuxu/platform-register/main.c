/* SPDX-License-Identifier: BSD-3-Clause */
/* A program for arm64 with a function that takes x18 for a register like others. */
#include <stdio.h>

int add_by_x18(int a, int b);

int main(void)
{
	printf("%d\n", add_by_x18(40, 2));
	return 0;
}
