/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the compiler is told that what follows can be seen by other libraries (<uk/api.h>): but not replaced by a loader, or
 * every access to a variable would go through a table of addresses. (x86_64's linker takes such detours out again, and code for arm64 has none.)
 */
#ifndef UK_ARCH_VISIBLE_H
#define UK_ARCH_VISIBLE_H

#define UK_ARCH_VISIBLE _Pragma("GCC visibility push(protected)")

#endif
