/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binary search in the table that support/tools/symtab.py makes: offsets from the start of the image
 * in ascending order, each with where its name begins.
 */
#include <uk/essentials.h>
#include <uk/linked.h>
#include <uk/symtab.h>

struct entry {
	uint32_t start; /* from the start of the image */
	uint32_t name;  /* from the start of the names */
};

/* Made by the link; absent in its first pass. */
extern const uint32_t uk_symtab_count __attribute__((__weak__, __visibility__("default")));
extern const struct entry uk_symtab_entries[] __attribute__((__weak__, __visibility__("default")));
extern const char uk_symtab_names[] __attribute__((__weak__, __visibility__("default")));

/* With CONFIG_LIBUKSYMTAB_LIBRARIES: per entry the number of its library, and these one by one. */
extern const uint8_t uk_symtab_places[] __attribute__((__weak__, __visibility__("default")));
extern const char uk_symtab_libraries[] __attribute__((__weak__, __visibility__("default")));

/* The number of the entry that pc lies in, from 1; 0: none. */
static size_t find(uintptr_t pc)
{
	uintptr_t offset = pc - (uintptr_t)uk_image_start;
	size_t low = 0, high;

	if (!&uk_symtab_count || pc < (uintptr_t)uk_text_start || pc >= (uintptr_t)uk_text_end)
		return 0;
	high = uk_symtab_count;
	while (low < high) { /* the last entry that starts at or before offset */
		size_t mid = (low + high) / 2;

		if (uk_symtab_entries[mid].start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const char *uk_symtab_find(uintptr_t pc, size_t *into)
{
	size_t i = find(pc);

	if (!i)
		return NULL;
	*into = pc - (uintptr_t)uk_image_start - uk_symtab_entries[i - 1].start;
	return uk_symtab_names + uk_symtab_entries[i - 1].name;
}

const char *uk_symtab_library(uintptr_t pc)
{
	const char *name = uk_symtab_libraries;
	size_t i = find(pc);
	unsigned place;

	if (!i || !uk_symtab_libraries)
		return NULL;
	for (place = uk_symtab_places[i - 1]; place--;)
		while (*name++)
			;
	return name;
}
