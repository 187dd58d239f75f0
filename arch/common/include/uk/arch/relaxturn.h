/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uk_arch_relax() in turn `turn` of a loop that mostly ends soon: a part of <uk/arch/relax.h>, for CPUs on which
 * the first turns are as all others.
 */
#ifndef UK_ARCH_RELAXTURN_H
#define UK_ARCH_RELAXTURN_H

#include <uk/essentials.h>

#define UK_ARCH_RELAX_BRIEF 1U

static inline void uk_arch_relax_turn(unsigned turn UK_UNUSED)
{
	uk_arch_relax();
}

#endif
