/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a report comes about: numbers in words, each place once, one line.
 *
 * May run in any context. Nothing here is checked itself, and what it calls may be: a report about
 * the code that prints reports is dropped.
 */
#include <stdarg.h>
#include <uk/param.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include <uk/ubsan.h>

#include "internal.h"

#define TEXT_MAX 200

UK_PARAM_BOOL(ubsan, stop, false, "end with a crash report at the first undefined behaviour");

static char *caught;
static size_t caught_size;
static unsigned long reports;
static bool busy;

void uk_ubsan_catch(char *buf, size_t size)
{
	caught = buf;
	caught_size = size;
	if (buf)
		buf[0] = 0;
}

unsigned long uk_ubsan_reports(void)
{
	return reports;
}

unsigned ubsan_width(const struct type *t)
{
	return t->kind == TYPE_INT ? 1U << (t->info >> 1) : 0;
}

/* The low word, and whether the number is negative. */
static uint64_t word_of(const struct type *t, value_t v, bool *negative, uint64_t *high)
{
	unsigned width = ubsan_width(t);
	uint64_t low = v;

	*high = 0;
	if (width > 64) {
		low = ((const uint64_t *)v)[0];
		*high = ((const uint64_t *)v)[1];
		*negative = (t->info & 1) && (int64_t)*high < 0;
		return low;
	}
	if (width < 64)
		low &= (1UL << width) - 1;
	*negative = (t->info & 1) && low >> (width - 1) & 1;
	if (*negative) {
		*high = ~0UL;
		low |= width < 64 ? ~0UL << width : 0;
	}
	return low;
}

bool ubsan_is_negative(const struct type *t, value_t v)
{
	bool negative;
	uint64_t high;

	if (t->kind != TYPE_INT)
		return false;
	word_of(t, v, &negative, &high);
	return negative;
}

/* The kernel has no floating point: sign and magnitude are what a reader needs most. */
static void float_value(char *text, const struct type *t, value_t v)
{
	unsigned bits = t->info;
	uint64_t word = v;
	int exponent;
	bool negative;

	if (bits == 32) {
		exponent = (int)(word >> 23 & 0xff) - 127;
		negative = word >> 31 & 1;
	} else if (bits == 64) {
		exponent = (int)(word >> 52 & 0x7ff) - 1023;
		negative = word >> 63;
	} else { /* long double, by address */
		word = ((const uint16_t *)v)[4];
		exponent = (int)(word & 0x7fff) - 16383;
		negative = word >> 15 & 1;
	}
	if (exponent == (bits == 32 ? 128 : bits == 64 ? 1024 : 16384))
		uk_snprintf(text, VALUE_MAX, "infinity or not a number");
	else
		uk_snprintf(text, VALUE_MAX, "%sabout 2^%d", negative ? "minus " : "", exponent);
}

const char *ubsan_value(char text[VALUE_MAX], const struct type *t, value_t v)
{
	uint64_t low, high;
	bool negative;

	if (t->kind == TYPE_FLOAT) {
		float_value(text, t, v);
		return text;
	}
	if (t->kind != TYPE_INT)
		return "?";
	low = word_of(t, v, &negative, &high);
	if (high != (negative ? ~0UL : 0))
		uk_snprintf(text, VALUE_MAX, "0x%lx%016lx", (unsigned long)high,
			    (unsigned long)low);
	else if (negative)
		uk_snprintf(text, VALUE_MAX, "%ld", (long)low);
	else
		uk_snprintf(text, VALUE_MAX, "%lu", (unsigned long)low);
	return text;
}

static const char *file_of(const struct location *at)
{
	return at->file ? at->file : "?";
}

void ubsan_report(struct location *at, const char *fmt, ...)
{
	/* Once each: the compiler's data are writable for exactly this. */
	uint32_t column = __atomic_exchange_n(&at->column, ~0U, __ATOMIC_RELAXED);
	char text[TEXT_MAX];
	va_list ap;

	if (column == ~0U || busy)
		return;
	busy = true;
	va_start(ap, fmt);
	uk_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (caught) {
		uk_snprintf(caught, caught_size, "%s", text);
	} else {
		reports++;
		uk_pr_err("%s:%u:%u: undefined behaviour: %s (thread `%s`)", file_of(at), at->line,
			  column, text, uk_trap_thread_name());
		if (uk_param_ubsan_stop.b)
			uk_panic("undefined behaviour, and ubsan.stop");
	}
	busy = false;
}

void ubsan_fatal(struct location *at, const char *what)
{
	uk_panic("%s:%u:%u: undefined behaviour: %s", file_of(at), at->line, at->column, what);
}

void ubsan_abort(void)
{
	uk_panic("undefined behaviour in code that was compiled to stop at it");
}
