/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program with every mistake that sanitizers find: `mistakes NAME` makes that one and says then that
 * it is still alive; `mistakes` alone lists them.
 */
#include <stdio.h>
#include <string.h>

#include "mistakes.h"

volatile int zero, one = 1, forty = 40, int_max = 0x7fffffff;
volatile long sink;

int main(int argc, char **argv)
{
	const struct mistake *const all[] = { undefined_behaviour, memory_errors };

	for (int k = 0; k < 2; k++) {
		for (const struct mistake *m = all[k]; m->name; m++) {
			if (argc < 2) {
				puts(m->name);
			} else if (!strcmp(argv[1], m->name)) {
				m->make();
				puts("alive");
				return 0;
			}
		}
	}
	return argc > 1;
}
