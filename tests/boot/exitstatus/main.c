/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends with the status that its argument says; "abort" aborts, "fault" reads a bad address. */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	volatile int *nowhere =
		(int *)(long)(argc * 4); /* not a constant, or the compiler objects */

	if (argc < 2)
		return 99;
	if (!strcmp(argv[1], "abort"))
		abort();
	if (!strcmp(argv[1], "fault"))
		return *nowhere;
	if (!strcmp(argv[1], "undefined"))
		__builtin_trap();
	return atoi(argv[1]);
}
