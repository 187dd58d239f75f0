/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a frontend needs of the others, and the other side of it: a table of grants that says what the backend can see, and has
 * mapped; and the input, which is what the backend does.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRANTS 16384U

struct grant {
	bool taken, set, readonly, mapped;
	unsigned char *page;
};

extern struct grant grants[GRANTS];
extern unsigned ngrants; /* that were ever used: the first ones */
extern unsigned broken;  /* times that the frontend has said so */

/* How many more times there is memory for pages, and a free grant. */
extern unsigned pages_left, grants_left;

/* Input: 0 at its end. */
void input(const uint8_t *data, size_t size);
bool more(void);
unsigned byte(void);
unsigned word(void);

/* Is any of it in the backend's reach? */
bool is_granted(const void *page);

/* The backend writes a byte to a page that it was granted, or maps it, or lets it go. */
void backend_acts(void);

/* All is over: what is granted still is what the backend would not let go of. */
void check_end(void);

#endif
