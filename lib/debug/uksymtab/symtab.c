/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binary search in the table that support/tools/symtab.py makes: offsets from the start of the image
 * in ascending order, each with where its name begins.
 */
#include <uk/essentials.h>
#include <uk/symtab.h>

struct entry {
	uint32_t start; /* from the start of the image */
	uint32_t name;  /* from the start of the names */
};

/* Made by the link; absent in its first pass. */
extern const uint32_t uk_symtab_count __attribute__((__weak__, __visibility__("default")));
extern const struct entry uk_symtab_entries[] __attribute__((__weak__, __visibility__("default")));
extern const char uk_symtab_names[] __attribute__((__weak__, __visibility__("default")));
/* From the platform's linker script. */
extern const char uk_image_start[], uk_text_start[], uk_text_end[];

const char *uk_symtab_find(uintptr_t pc, size_t *into)
{
	uintptr_t offset = pc - (uintptr_t)uk_image_start;
	size_t low = 0, high;

	if (!&uk_symtab_count || pc < (uintptr_t)uk_text_start || pc >= (uintptr_t)uk_text_end)
		return NULL;
	high = uk_symtab_count;
	while (low < high) { /* the last entry that starts at or before offset */
		size_t mid = (low + high) / 2;

		if (uk_symtab_entries[mid].start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	*into = offset - uk_symtab_entries[low - 1].start;
	return uk_symtab_names + uk_symtab_entries[low - 1].name;
}
