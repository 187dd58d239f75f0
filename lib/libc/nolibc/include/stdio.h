/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nolibc: formatted output, unbuffered, to the console. Conversions as in uk/print.h: no floating
 * point. A stream is one of the console's two; there are no files.
 */
#ifndef NOLIBC_STDIO_H
#define NOLIBC_STDIO_H

#include <stdarg.h>
#include <stddef.h>
#include <uk/api.h>

#define EOF (-1)

typedef struct nolibc_file FILE;

UK_API_BEGIN

extern FILE *const stdout;
extern FILE *const stderr;

int printf(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));
int fprintf(FILE *f, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));
int vfprintf(FILE *f, const char *fmt, va_list ap);
int vprintf(const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((__format__(__printf__, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int puts(const char *s);
int fputs(const char *s, FILE *f);
int putchar(int c);
int fputc(int c, FILE *f);
size_t fwrite(const void *p, size_t size, size_t n, FILE *f);
int fflush(FILE *f);
/* The next byte of the console's input, waiting for it; EOF at its end. */
int getchar(void);

UK_API_END

#endif
