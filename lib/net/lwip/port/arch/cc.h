/* SPDX-License-Identifier: BSD-3-Clause */
/* lwIP's view of compiler and kernel. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * memp.c. No header of the kernel's here: those depend on the configuration, and upstream's objects are shared by
 * all configurations that give the same flags.
 */
void *lwip_malloc(size_t n);
void *lwip_calloc(size_t n, size_t size);
void lwip_free(void *p);
uint32_t lwip_random(void);
_Noreturn void lwip_panic(const char *what, const char *file, int line);

/* No libc here. */
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#define LWIP_NO_UNISTD_H   1
#define LWIP_NO_LIMITS_H   1
#define INT_MAX            __INT_MAX__
#define UINT_MAX           (__INT_MAX__ * 2U + 1)
#if !defined(__DEFINED_ssize_t) && !defined(_SSIZE_T)
#define __DEFINED_ssize_t
typedef long ssize_t; /* as uk/types.h */
#endif
#define SSIZE_MAX INTPTR_MAX

#define X8_F  "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

#define SMEMCPY(dst, src, n) __builtin_memcpy(dst, src, n)

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) lwip_panic(x, __FILE__, __LINE__)
#ifndef UK_LWIP_ASSERT
#define LWIP_NOASSERT
#endif

#define LWIP_RAND() lwip_random()

/* checksum.c */
uint16_t lwip_checksum(const void *p, int n);

#endif
