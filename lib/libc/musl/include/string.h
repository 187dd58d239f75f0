/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies and texts that are checked against the size of their destination; see <uk/fortify.h>. */
#include_next <string.h>
#include <uk/fortify.h>

#if defined(UK_FORTIFY) && !defined(UK_FORTIFY_STRING_H)
#define UK_FORTIFY_STRING_H

UK_FORTIFIED void *memcpy(void *__restrict dst, const void *__restrict src, size_t n)
{
	UK_FORTIFY_CHECK("memcpy", n, UK_ROOM(dst));
	UK_FORTIFY_CHECK("memcpy", n, UK_ROOM(src));
	return __builtin_memcpy(dst, src, n);
}

UK_FORTIFIED void *memmove(void *dst, const void *src, size_t n)
{
	UK_FORTIFY_CHECK("memmove", n, UK_ROOM(dst));
	UK_FORTIFY_CHECK("memmove", n, UK_ROOM(src));
	return __builtin_memmove(dst, src, n);
}

UK_FORTIFIED void *memset(void *dst, int c, size_t n)
{
	UK_FORTIFY_CHECK("memset", n, UK_ROOM(dst));
	return __builtin_memset(dst, c, n);
}

UK_FORTIFIED char *stpcpy(char *__restrict dst, const char *__restrict src)
{
	size_t n;

	if (UK_ROOM_MEMBER(dst) == UK_ROOM_UNKNOWN)
		return __builtin_stpcpy(dst, src);
	n = __builtin_strlen(src) + 1;
	UK_FORTIFY_CHECK("stpcpy", n, UK_ROOM_MEMBER(dst));
	return (char *)__builtin_memcpy(dst, src, n) + n - 1;
}

UK_FORTIFIED char *strcpy(char *__restrict dst, const char *__restrict src)
{
	size_t n;

	if (UK_ROOM_MEMBER(dst) == UK_ROOM_UNKNOWN)
		return __builtin_strcpy(dst, src);
	n = __builtin_strlen(src) + 1;
	UK_FORTIFY_CHECK("strcpy", n, UK_ROOM_MEMBER(dst));
	return (char *)__builtin_memcpy(dst, src, n);
}

UK_FORTIFIED char *strncpy(char *__restrict dst, const char *__restrict src, size_t n)
{
	UK_FORTIFY_CHECK("strncpy", n, UK_ROOM_MEMBER(dst));
	return __builtin_strncpy(dst, src, n);
}

UK_FORTIFIED char *stpncpy(char *__restrict dst, const char *__restrict src, size_t n)
{
	UK_FORTIFY_CHECK("stpncpy", n, UK_ROOM_MEMBER(dst));
	return __builtin_stpncpy(dst, src, n);
}

UK_FORTIFIED char *strcat(char *__restrict dst, const char *__restrict src)
{
	if (UK_ROOM_MEMBER(dst) != UK_ROOM_UNKNOWN)
		UK_FORTIFY_CHECK("strcat", __builtin_strlen(dst) + __builtin_strlen(src) + 1,
				 UK_ROOM_MEMBER(dst));
	return __builtin_strcat(dst, src);
}

UK_FORTIFIED char *strncat(char *__restrict dst, const char *__restrict src, size_t n)
{
	if (UK_ROOM_MEMBER(dst) != UK_ROOM_UNKNOWN) {
		const char *end = (const char *)__builtin_memchr(src, 0, n);

		UK_FORTIFY_CHECK("strncat",
				 __builtin_strlen(dst) + (end ? (size_t)(end - src) : n) + 1,
				 UK_ROOM_MEMBER(dst));
	}
	return __builtin_strncat(dst, src, n);
}

#ifdef _GNU_SOURCE
UK_FORTIFIED void *mempcpy(void *__restrict dst, const void *__restrict src, size_t n)
{
	UK_FORTIFY_CHECK("mempcpy", n, UK_ROOM(dst));
	UK_FORTIFY_CHECK("mempcpy", n, UK_ROOM(src));
	return __builtin_mempcpy(dst, src, n);
}
#endif

#if defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
UK_FORTIFY_REAL(strlcpy);
UK_FORTIFIED size_t strlcpy(char *dst, const char *src, size_t n)
{
	UK_FORTIFY_CHECK("strlcpy", n, UK_ROOM_MEMBER(dst));
	return uk_real_strlcpy(dst, src, n);
}

UK_FORTIFY_REAL(strlcat);
UK_FORTIFIED size_t strlcat(char *dst, const char *src, size_t n)
{
	UK_FORTIFY_CHECK("strlcat", n, UK_ROOM_MEMBER(dst));
	return uk_real_strlcat(dst, src, n);
}
#endif

#endif
