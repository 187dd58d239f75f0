/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formatted text and lines that are checked against the size of their destination; see
 * <uk/fortify.h>.
 */
#include_next <stdio.h>
#include <uk/fortify.h>

#if defined(UK_FORTIFY) && !defined(UK_FORTIFY_STDIO_H)
#define UK_FORTIFY_STDIO_H

/* fortify.c: as vsprintf() into `room` bytes. */
extern int __vsprintf_chk(char *dst, int flag, size_t room, const char *format,
			  __builtin_va_list args);
extern int __sprintf_chk(char *dst, int flag, size_t room, const char *format, ...);

UK_FORTIFIED int vsprintf(char *__restrict dst, const char *__restrict format,
			  __builtin_va_list args)
{
	if (UK_ROOM_MEMBER(dst) == UK_ROOM_UNKNOWN)
		return __builtin_vsprintf(dst, format, args);
	return __vsprintf_chk(dst, 0, UK_ROOM_MEMBER(dst), format, args);
}

UK_FORTIFIED int vsnprintf(char *__restrict dst, size_t n, const char *__restrict format,
			   __builtin_va_list args)
{
	UK_FORTIFY_CHECK("vsnprintf", n, UK_ROOM_MEMBER(dst));
	return __builtin_vsnprintf(dst, n, format, args);
}

#ifdef __clang__ /* has no way to pass on `...` from an inline function */
#define sprintf(dst, ...) __builtin___sprintf_chk(dst, 0, UK_ROOM_MEMBER(dst), __VA_ARGS__)
#define snprintf(dst, n, ...)                                                                      \
	__extension__({                                                                            \
		size_t snprintf_n_ = (n);                                                          \
		UK_FORTIFY_CHECK("snprintf", snprintf_n_, UK_ROOM_MEMBER(dst));                    \
		__builtin_snprintf(dst, snprintf_n_, __VA_ARGS__);                                 \
	})
#else
UK_FORTIFIED int sprintf(char *__restrict dst, const char *__restrict format, ...)
{
	if (UK_ROOM_MEMBER(dst) == UK_ROOM_UNKNOWN)
		return __builtin_sprintf(dst, format, __builtin_va_arg_pack());
	return __sprintf_chk(dst, 0, UK_ROOM_MEMBER(dst), format, __builtin_va_arg_pack());
}

UK_FORTIFIED int snprintf(char *__restrict dst, size_t n, const char *__restrict format, ...)
{
	UK_FORTIFY_CHECK("snprintf", n, UK_ROOM_MEMBER(dst));
	return __builtin_snprintf(dst, n, format, __builtin_va_arg_pack());
}
#endif

UK_FORTIFY_REAL(fgets);
UK_FORTIFIED char *fgets(char *__restrict dst, int n, FILE *__restrict f)
{
	UK_FORTIFY_CHECK("fgets", n < 0 ? 0 : n, UK_ROOM_MEMBER(dst));
	return uk_real_fgets(dst, n, f);
}

UK_FORTIFY_REAL(fread);
UK_FORTIFIED size_t fread(void *__restrict dst, size_t size, size_t n, FILE *__restrict f)
{
	if (size && UK_ROOM(dst) != UK_ROOM_UNKNOWN)
		UK_FORTIFY_CHECK("fread", n, UK_ROOM(dst) / size);
	return uk_real_fread(dst, size, n, f);
}

UK_FORTIFY_REAL(fwrite);
UK_FORTIFIED size_t fwrite(const void *__restrict src, size_t size, size_t n, FILE *__restrict f)
{
	if (size && UK_ROOM(src) != UK_ROOM_UNKNOWN)
		UK_FORTIFY_CHECK("fwrite", n, UK_ROOM(src) / size);
	return uk_real_fwrite(src, size, n, f);
}

#endif
