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

/*
 * Does the descriptor still refer to f? A guess with other threads about, but right if what the caller
 * did before is seen by who closes it.
 */
static inline bool uk_fd_is(const struct uk_fdtab *t, int fd, const struct uk_file *f)
{
#ifdef CONFIG_SMP
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* beside drop() */
#endif
	return UK_READ_ONCE(UK_READ_ONCE(t->files)[(unsigned)fd]) == f;
}

#endif
