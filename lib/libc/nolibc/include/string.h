/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nolibc: the string functions of ISO C that take a few lines each. mem* are the kernel's own.
 */
#ifndef NOLIBC_STRING_H
#define NOLIBC_STRING_H

#include <stddef.h>
#include <uk/api.h>

UK_API_BEGIN

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t n);
char *strcat(char *dst, const char *src);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);

UK_API_END

#endif
