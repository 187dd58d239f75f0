/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ISO C names for the kernel's string functions, and the few that it has no use for.
 */
#include <string.h>
#include <uk/string.h>

void *memchr(const void *s, int c, size_t n)
{
	return uk_memchr(s, c, n);
}

size_t strlen(const char *s)
{
	return uk_strlen(s);
}

size_t strnlen(const char *s, size_t max)
{
	return uk_strnlen(s, max);
}

int strcmp(const char *a, const char *b)
{
	return uk_strcmp(a, b);
}

int strncmp(const char *a, const char *b, size_t n)
{
	return uk_strncmp(a, b, n);
}

char *strchr(const char *s, int c)
{
	return uk_strchr(s, c);
}

char *strrchr(const char *s, int c)
{
	return uk_strrchr(s, c);
}

char *strstr(const char *s, const char *what)
{
	return uk_strstr(s, what);
}

char *strcpy(char *dst, const char *src)
{
	memcpy(dst, src, uk_strlen(src) + 1);
	return dst;
}

char *strncpy(char *dst, const char *src, size_t n)
{
	size_t len = uk_strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}

char *strcat(char *dst, const char *src)
{
	strcpy(dst + uk_strlen(dst), src);
	return dst;
}
