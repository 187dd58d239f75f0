/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptor table, for fdtab.c and fcntl.c.
 */
#ifndef FDTAB_PRIV_H
#define FDTAB_PRIV_H

#include <uk/bits.h>
#include <uk/fdtab.h>
#include "vfs_priv.h"

#define WORD 64u /* descriptors per word of a bitmap */

/*
 * A descriptor is free, reserved (its bit in `used` is set) or open (files[fd] is set as well).
 * The arrays grow by doubling, in one block that starts with `files`.
 */
struct uk_fdtab {
	uint32_t refs;
	struct uk_spinlock lock; /* all that follows; never held over a call that can block */
	unsigned cap;            /* multiple of WORD */
	unsigned limit;
	unsigned next; /* no descriptor below is free */
	int pid;
	struct uk_file **files;
	unsigned long *used;
	unsigned long *cloexec; /* bit is meaningless where used is clear */
};

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
