/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a library shows to others.
 *
 * Everything is compiled with hidden visibility and a library becomes one object whose hidden
 * symbols are local to it. Only what a public header declares between UK_API_BEGIN and UK_API_END
 * can be reached from another library.
 */
#ifndef UK_API_H
#define UK_API_H

#include <uk/arch/visible.h>

#ifdef __cplusplus
#define UK_API_BEGIN UK_ARCH_VISIBLE extern "C" {
#define UK_API_END   } _Pragma("GCC visibility pop")
#else
#define UK_API_BEGIN UK_ARCH_VISIBLE
#define UK_API_END   _Pragma("GCC visibility pop")
#endif

#endif
