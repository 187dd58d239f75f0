/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptor table's bitmaps. The arrays grow by doubling, in one block that starts with files.
 */
#ifndef FDTAB_PRIV_H
#define FDTAB_PRIV_H

#include <uk/bits.h>
#include <uk/fdtab.h>
#include "vfs_priv.h"

#define WORD 64u /* descriptors per word of a bitmap */

static inline bool fd_bit(const unsigned long *map, unsigned fd)
{
	return map[fd / WORD] >> fd % WORD & 1;
}

static inline void fd_set_bit(unsigned long *map, unsigned fd, bool on)
{
	if (on)
		map[fd / WORD] |= UK_BIT(fd % WORD);
	else
		map[fd / WORD] &= ~UK_BIT(fd % WORD);
}

#endif
