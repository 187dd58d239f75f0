/* SPDX-License-Identifier: BSD-3-Clause */
/* For lwIP, which includes this name: the kernel's own (uk/string.h). */
#ifndef LWIP_PORT_STRING_H
#define LWIP_PORT_STRING_H

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t uk_strlen(const char *s);
int uk_strcmp(const char *a, const char *b);
int uk_strncmp(const char *a, const char *b, size_t n);

/* Freestanding, the compiler does not know these names; this way it moves few bytes without a call. */
#define memcpy(dst, src, n) __builtin_memcpy(dst, src, n)
#define memset(dst, c, n)   __builtin_memset(dst, c, n)
#define memcmp(a, b, n)     __builtin_memcmp(a, b, n)

#define strlen  uk_strlen
#define strncmp uk_strncmp
#define strcmp  uk_strcmp

#endif
