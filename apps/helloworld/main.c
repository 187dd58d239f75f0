/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest application: prints a line, and its arguments if it was given any.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	puts("Hello, world!");
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	return 0;
}
