/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Types that every library shares. Sizes are in bytes, times in nanoseconds.
 *
 * Physical addresses, bus addresses and pointers are three different things: nobody may assume
 * that one equals another.
 */
#ifndef UK_TYPES_H
#define UK_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t uk_paddr_t; /* guest physical address */
typedef uint64_t uk_dma_t;   /* address as a device sees it */
typedef uintptr_t uk_vaddr_t;
typedef uint64_t uk_nsec; /* time span, or instant on a clock named by the context */
typedef int64_t uk_off_t; /* position in a file */

#define UK_NSEC_MAX     UINT64_MAX /* as a deadline: never */
#define UK_NSEC_PER_SEC 1000000000ULL
#define UK_NSEC_PER_MS  1000000ULL
#define UK_NSEC_PER_US  1000ULL

/* ssize_t is not among the freestanding headers; the guard names are the ones that libcs use. */
#if !defined(__DEFINED_ssize_t) && !defined(_SSIZE_T) && !defined(__ssize_t_defined)
#define __DEFINED_ssize_t
#define __ssize_t_defined
typedef long ssize_t;
#endif

#endif
