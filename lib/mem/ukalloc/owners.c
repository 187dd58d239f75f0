/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who holds the default heap: what each library's blocks sum up to, and the places that
 * allocated most. `alloc.owners=1` prints it at exit, when all initialisers have been torn
 * down that were started after the heap; uk_alloc_owners() at any time.
 */
#include <uk/alloc_track.h>
#include <uk/init.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/symtab.h>
#include "track.h"

#define LIBRARIES 64U
#define SITES     256U
#define SHOWN     12U

UK_PARAM_BOOL(alloc, owners, false, "print at exit which libraries hold how much of the heap");

struct sum {
	const char *name;
	size_t into; /* sites: how far inside the function */
	size_t blocks, bytes;
};

/* Too large for a stack. What does not fit is summed up in the last one. */
static struct sum libraries[LIBRARIES], sites[SITES];

static void add(struct sum *table, unsigned n, const char *name, size_t into, size_t bytes)
{
	unsigned i = 0;

	while (i < n - 1 && table[i].name &&
	       (table[i].into != into || uk_strcmp(table[i].name, name)))
		i++;
	table[i].name = i == n - 1 ? "(others)" : name;
	table[i].into = i == n - 1 ? 0 : into;
	table[i].blocks++;
	table[i].bytes += bytes;
}

static void count(const struct block *b, void *arg UK_UNUSED)
{
	uintptr_t pc = (uintptr_t)b->owner - 1; /* a call may be the last thing in a function */
	const char *name = uk_symtab_library(pc);
	size_t into = 0;

	add(libraries, LIBRARIES, name ? name : "(unknown)", 0, b->size);
	name = uk_symtab_find(pc, &into);
	add(sites, SITES, name ? name : "(unknown)", name ? into : 0, b->size);
}

/* Prints the largest `shown` of a table, and empties it. */
static void print(struct sum *table, unsigned n, unsigned shown, const char *what)
{
	struct sum *most;
	unsigned i;

	while (shown--) {
		most = table;
		for (i = 1; i < n; i++)
			if (table[i].bytes > most->bytes ||
			    (table[i].bytes == most->bytes && table[i].blocks > most->blocks))
				most = &table[i];
		if (!most->blocks)
			break;
		if (most->into)
			uk_pr_err("%s %s+0x%lx: %lu bytes in %lu blocks", what, most->name,
				  (unsigned long)most->into, (unsigned long)most->bytes,
				  (unsigned long)most->blocks);
		else
			uk_pr_err("%s %s: %lu bytes in %lu blocks", what, most->name,
				  (unsigned long)most->bytes, (unsigned long)most->blocks);
		most->blocks = most->bytes = 0;
	}
	memset(table, 0, n * sizeof(*table));
}

void uk_alloc_owners(void)
{
	track_for_each(count, NULL);
	print(libraries, LIBRARIES, LIBRARIES, "held by");
	print(sites, SITES, SHOWN, "allocated in");
}

static int owners_start(void)
{
	return 0;
}

static void owners_stop(void)
{
	if (uk_param_alloc_owners.b)
		uk_alloc_owners();
}

UK_INIT(UK_INIT_EARLY, "1", owners_start, owners_stop);
