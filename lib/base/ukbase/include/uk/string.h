/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory and string functions of the kernel.
 *
 * The four mem* functions keep their standard names, since compilers emit calls to them: there is
 * one set in an image, shared with the C library. The rest is prefixed, because a C library
 * brings its own. All may be called from any context and none blocks.
 */
#ifndef UK_STRING_H
#define UK_STRING_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* As their namesakes in ISO C and POSIX. */
void *uk_memchr(const void *s, int c, size_t n);
size_t uk_strlen(const char *s);
size_t uk_strnlen(const char *s, size_t max);
int uk_strcmp(const char *a, const char *b);
int uk_strncmp(const char *a, const char *b, size_t n);
char *uk_strchr(const char *s, int c);
char *uk_strrchr(const char *s, int c);
char *uk_strstr(const char *s, const char *what);
/* Copy at most size - 1 bytes and always terminate; the length of src, or -E2BIG if it was cut. */
ssize_t uk_strscpy(char *dst, const char *src, size_t size);

/*
 * Parse an unsigned integer, decimal or 0x…, with suffix k, m or g (powers of 1,024; either case).
 * The whole string must be used. 0, -EINVAL if it is no number, -ERANGE if it does not fit.
 */
int uk_parse_u64(const char *s, uint64_t *value);

UK_API_END

#endif
