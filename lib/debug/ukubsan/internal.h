/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler tells about a check that failed (gcc's ubsan.cc, clang's CodeGenFunction.cpp:
 * both lay it out alike, in writable data).
 */
#ifndef UKUBSAN_INTERNAL_H
#define UKUBSAN_INTERNAL_H

#include <uk/essentials.h>

struct location {
	const char *file; /* NULL if it is not known */
	uint32_t line;
	uint32_t column;
};

enum { TYPE_INT = 0, TYPE_FLOAT = 1 };

struct type {
	uint16_t kind; /* TYPE_INT, TYPE_FLOAT, other */
	uint16_t info; /* TYPE_INT: bit 0 signed, above log2 of the width; TYPE_FLOAT: the width */
	char name[];   /* in quotes */
};

/* A number: itself if it fits into a word, else its address. */
typedef uintptr_t value_t;

#define VALUE_MAX 48 /* of its text */

/* The number in words, in `text`, which it returns. */
const char *ubsan_value(char text[VALUE_MAX], const struct type *t, value_t v);
bool ubsan_is_negative(const struct type *t, value_t v);
/* How many bits a type has; 0 if it is not an integer. */
unsigned ubsan_width(const struct type *t);

/* Says it, unless this place has said something before. */
void ubsan_report(struct location *at, const char *fmt, ...) UK_PRINTF(2, 3);
/* The same, and ends. */
UK_NORETURN void ubsan_fatal(struct location *at, const char *what);
/* For checks that were compiled not to go on: -fno-sanitize-recover. */
UK_NORETURN void ubsan_abort(void);

#endif
