/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compact relative relocations (ELF gABI, RELR): a word that is even is the address of a pointer; an odd one is a bitmap of
 * which of the 63 words behind that are pointers, too.
 *
 * Where addresses are not yet what they will be: nothing of this may be a call.
 */
#ifndef PLAT_RELR_H
#define PLAT_RELR_H

#include <stddef.h>
#include <stdint.h>

/* To each pointer of an image that lies at `load` for now, adds what it will lie at. */
static inline void relr_relocate(const uint64_t *r, const uint64_t *end, uintptr_t load, uintptr_t target)
{
	uint64_t *where = NULL;

	for (; r < end; r++) {
		if (!(*r & 1)) {
			where = (uint64_t *)(load + *r);
			*where++ += target;
			continue;
		}
		for (uint64_t bits = *r >> 1, *w = where; bits; bits >>= 1, w++)
			if (bits & 1)
				*w += target;
		where += 63;
	}
}

#endif
