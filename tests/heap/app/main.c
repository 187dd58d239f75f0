/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One mistake with the heap per run, named by the argument; or none, and a leak. Ends with status 0 if
 * nobody stopped it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uk/alloc_track.h>

/* The compiler must not see what is wrong. */
static void *volatile hide;

static char *block(size_t size)
{
	hide = malloc(size);
	return hide;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char *p = block(50), *q = block(50);
	volatile char *seen = p; /* or writes before free() would be left out */

	free(block(50));
	if (!strcmp(what, "double-free")) {
		free(p);
		hide = p;
		free(hide);
	} else if (!strcmp(what, "double-free-later")) {
		free(p);
		for (int i = 0; i < 100; i++)
			free(block(50 + i));
		hide = p;
		free(hide);
	} else if (!strcmp(what, "overflow")) {
		for (int i = 0; i < 50 + 8; i++)
			seen[i] = 0;
		free(p);
		free(q);
	} else if (!strcmp(what, "off-by-one")) {
		seen[50] = 0;
		free(p);
	} else if (!strcmp(what, "underflow")) {
		seen[-1] = 0;
		free(p);
	} else if (!strcmp(what, "write-after-free")) {
		free(p);
		seen[20] = 1;
	} else if (!strcmp(what, "follow-freed")) { /* a pointer read from a freed block */
		*(char **)p = q;
		free(p);
		**(char *volatile *)seen = 1;
	} else if (!strcmp(what,
			   "crash-near")) { /* a crash with a pointer to a freed block at hand */
		free(p);
		__asm__ volatile("ud2" ::"D"(p + 20), "S"(q + 50));
	} else if (!strcmp(what, "overflow-never-freed")) {
		seen[51] = 0;
	} else if (!strcmp(what, "inside")) {
		hide = p + 16;
		free(hide);
	} else if (!strcmp(what, "unaligned")) {
		hide = p + 1;
		free(hide);
	} else if (!strcmp(what, "stack")) {
		char local[64] = { 0 };

		hide = local + 16;
		free(hide);
	} else if (!strcmp(what, "leak")) {
		for (int i = 0; i < 7; i++)
			block(1000);
		uk_alloc_owners();
	}
	puts("survived");
	return 0;
}
