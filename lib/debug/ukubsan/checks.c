/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One function per check: the compiler calls it, with its data about the place and the numbers, when
 * the check has failed. Each exists twice, as __ubsan_handle_X and __ubsan_handle_X_abort; the second
 * does not return.
 *
 * The list is what gcc 12 and clang 14 know for C (clang: -fsanitize=undefined,integer,nullability).
 */
#include <uk/api.h>

#include "internal.h"

#define CHECK(name, args, call)                                                                    \
	UK_API_BEGIN                                                                               \
	void __ubsan_handle_##name args;                                                           \
	UK_NORETURN void __ubsan_handle_##name##_abort args;                                       \
	UK_API_END                                                                                 \
	UK_NORETURN void __ubsan_handle_##name##_abort args                                        \
	{                                                                                          \
		__ubsan_handle_##name call;                                                        \
		ubsan_abort();                                                                     \
	}                                                                                          \
	void __ubsan_handle_##name args

/* ---- numbers ---- */

struct number_data {
	struct location at;
	const struct type *type;
};

static void overflow(struct number_data *d, value_t a, const char *op, value_t b)
{
	char x[VALUE_MAX], y[VALUE_MAX];

	ubsan_report(&d->at, "%s integer overflow: %s %s %s does not fit into %s",
		     d->type->info & 1 ? "signed" : "unsigned", ubsan_value(x, d->type, a), op,
		     ubsan_value(y, d->type, b), d->type->name);
}

CHECK(add_overflow, (struct number_data * d, value_t a, value_t b), (d, a, b))
{
	overflow(d, a, "+", b);
}

CHECK(sub_overflow, (struct number_data * d, value_t a, value_t b), (d, a, b))
{
	overflow(d, a, "-", b);
}

CHECK(mul_overflow, (struct number_data * d, value_t a, value_t b), (d, a, b))
{
	overflow(d, a, "*", b);
}

CHECK(negate_overflow, (struct number_data * d, value_t a), (d, a))
{
	char x[VALUE_MAX];

	ubsan_report(&d->at, "integer overflow: the negative of %s does not fit into %s",
		     ubsan_value(x, d->type, a), d->type->name);
}

CHECK(divrem_overflow, (struct number_data * d, value_t a, value_t b), (d, a, b))
{
	char x[VALUE_MAX];

	if (ubsan_is_negative(d->type, b))
		ubsan_report(&d->at, "integer overflow: %s / -1 does not fit into %s",
			     ubsan_value(x, d->type, a), d->type->name);
	else
		ubsan_report(&d->at, "division of %s by zero", ubsan_value(x, d->type, a));
}

struct shift_data {
	struct location at;
	const struct type *left, *right;
};

CHECK(shift_out_of_bounds, (struct shift_data * d, value_t a, value_t b), (d, a, b))
{
	char x[VALUE_MAX], y[VALUE_MAX];
	unsigned width = ubsan_width(d->left);

	ubsan_value(x, d->left, a);
	ubsan_value(y, d->right, b);
	if (ubsan_is_negative(d->right, b))
		ubsan_report(&d->at, "shift by a negative number: %s", y);
	else if (ubsan_width(d->right) > 64 || b >= width)
		ubsan_report(&d->at, "shift by %s, but %s has %u bits", y, d->left->name, width);
	else if (ubsan_is_negative(d->left, a))
		ubsan_report(&d->at, "left shift of a negative number: %s", x);
	else
		ubsan_report(&d->at, "left shift of %s by %s does not fit into %s", x, y,
			     d->left->name);
}

struct cast_data {
	struct location at;
	const struct type *from, *to;
};

CHECK(float_cast_overflow, (struct cast_data * d, value_t v), (d, v))
{
	char x[VALUE_MAX];

	ubsan_report(&d->at, "a floating-point number, %s, does not fit into %s",
		     ubsan_value(x, d->from, v), d->to->name);
}

struct conversion_data {
	struct location at;
	const struct type *from, *to;
	uint8_t kind;
};

CHECK(implicit_conversion, (struct conversion_data * d, value_t a, value_t b), (d, a, b))
{
	char x[VALUE_MAX], y[VALUE_MAX];

	ubsan_report(&d->at, "implicit conversion of %s from %s to %s changes it to %s",
		     ubsan_value(x, d->from, a), d->from->name, d->to->name,
		     ubsan_value(y, d->to, b));
}

CHECK(load_invalid_value, (struct number_data * d, value_t v), (d, v))
{
	char x[VALUE_MAX];

	ubsan_report(&d->at, "%s is no value of %s", ubsan_value(x, d->type, v), d->type->name);
}

CHECK(vla_bound_not_positive, (struct number_data * d, value_t n), (d, n))
{
	char x[VALUE_MAX];

	ubsan_report(&d->at, "an array of %s elements", ubsan_value(x, d->type, n));
}

/* ---- memory ---- */

struct bounds_data {
	struct location at;
	const struct type *array, *index;
};

CHECK(out_of_bounds, (struct bounds_data * d, value_t i), (d, i))
{
	char x[VALUE_MAX];

	ubsan_report(&d->at, "index %s is outside of %s", ubsan_value(x, d->index, i),
		     d->array->name);
}

struct mismatch_data {
	struct location at;
	const struct type *type;
	uint8_t log_align;
	uint8_t kind;
};

static const char *const uses[] = {
	"load from",      "store to",        "reference to",   "member access in",
	"member call of", "constructor of",  "downcast of",    "downcast of",
	"upcast of",      "cast to base of", "use as nonnull", "dynamic operation on",
};

CHECK(type_mismatch_v1, (struct mismatch_data * d, uintptr_t p), (d, p))
{
	const char *use = d->kind < UK_ARRAY_SIZE(uses) ? uses[d->kind] : "use of";
	uintptr_t align = 1UL << d->log_align;

	if (!p)
		ubsan_report(&d->at, "null pointer: %s %s", use, d->type->name);
	else if (p & (align - 1))
		ubsan_report(&d->at, "misaligned pointer: %s %s at %#lx, which needs %lu bytes",
			     use, d->type->name, p, align);
	else
		ubsan_report(&d->at, "object too small: %s %s at %#lx", use, d->type->name, p);
}

struct place_data {
	struct location at;
};

CHECK(pointer_overflow, (struct place_data * d, uintptr_t base, uintptr_t result),
      (d, base, result))
{
	if (!base || !result)
		ubsan_report(&d->at, "arithmetic with a null pointer: %#lx became %#lx", base,
			     result);
	else
		ubsan_report(&d->at, "pointer overflow: %#lx became %#lx", base, result);
}

struct alignment_data {
	struct location at, assumed_at;
	const struct type *type;
};

CHECK(alignment_assumption,
      (struct alignment_data * d, uintptr_t p, uintptr_t align, uintptr_t offset),
      (d, p, align, offset))
{
	ubsan_report(&d->at, "%#lx (offset %lu) is not aligned to %lu bytes, as was promised", p,
		     offset, align);
}

/* ---- promises ---- */

struct nonnull_arg_data {
	struct location at, attr;
	int32_t arg;
};

CHECK(nonnull_arg, (struct nonnull_arg_data * d), (d))
{
	ubsan_report(&d->at, "null pointer as argument %d, which must not be one", d->arg);
}

CHECK(nullability_arg, (struct nonnull_arg_data * d), (d))
{
	__ubsan_handle_nonnull_arg(d);
}

CHECK(nonnull_return_v1, (struct place_data * d UK_UNUSED, struct location *at), (d, at))
{
	ubsan_report(at, "null pointer returned by a function that must not return one");
}

CHECK(nullability_return_v1, (struct place_data * d, struct location *at), (d, at))
{
	__ubsan_handle_nonnull_return_v1(d, at);
}

struct builtin_data {
	struct location at;
	uint8_t kind;
};

CHECK(invalid_builtin, (struct builtin_data * d), (d))
{
	ubsan_report(&d->at, "%s of 0",
		     d->kind ? "count of leading zeros" : "count of trailing zeros");
}

struct function_data {
	struct location at;
	const struct type *type;
};

CHECK(function_type_mismatch, (struct function_data * d, uintptr_t fn), (d, fn))
{
	ubsan_report(&d->at, "call of the function at %#lx as %s, which it is not", fn,
		     d->type->name);
}

/* These two never return, whatever the options. */

UK_API_BEGIN
UK_NORETURN void __ubsan_handle_builtin_unreachable(struct place_data *d);
UK_NORETURN void __ubsan_handle_missing_return(struct place_data *d);
UK_API_END

void __ubsan_handle_builtin_unreachable(struct place_data *d)
{
	ubsan_fatal(&d->at, "code that was declared unreachable is reached");
}

void __ubsan_handle_missing_return(struct place_data *d)
{
	ubsan_fatal(&d->at, "the end of a function that returns a value, without one");
}
