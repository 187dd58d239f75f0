/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hello with the full C library: buffered output, floating point, arguments and environment.
 */
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

int main(int argc, char **argv)
{
	printf("Hello, world! %.3f is pi.\n", 3.14159265);
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	for (char **e = environ; *e; e++)
		printf("environment: %s\n", *e);
	return 0;
}
