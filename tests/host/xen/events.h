/* SPDX-License-Identifier: BSD-3-Clause */
/* events.c, for queues.c, bits.c and grants.c. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s; seed %lu\n", __FILE__, __LINE__, #cond, seed); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

extern unsigned long seed;
extern unsigned complaints; /* messages of the kernel's */

/* Takes `SEED ROUNDS` from the command line; how many rounds. */
unsigned begin(int argc, char **argv);

static inline unsigned any(unsigned n)
{
	return (unsigned)random() % n;
}

/* The program's: what Xen does when it is asked for something. */
long xen_op(unsigned nr, unsigned op, void *arg);

#endif
