/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the compiler is told that what follows can be seen by other libraries (<uk/api.h>). Code takes addresses without a table
 * (flags.mk), so it need not know who defines what.
 */
#ifndef UK_ARCH_VISIBLE_H
#define UK_ARCH_VISIBLE_H

#define UK_ARCH_VISIBLE _Pragma("GCC visibility push(default)")

#endif
