/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nolibc: ending the program, numbers, and the heap (linked only where an allocator is configured).
 */
#ifndef NOLIBC_STDLIB_H
#define NOLIBC_STDLIB_H

#include <stddef.h>
#include <uk/api.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

UK_API_BEGIN

__attribute__((__noreturn__)) void exit(int status);
__attribute__((__noreturn__)) void abort(void);
int atoi(const char *s);
long atol(const char *s);
long strtol(const char *s, char **end, int base);
unsigned long strtoul(const char *s, char **end, int base);

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void free(void *p);

UK_API_END

#endif
