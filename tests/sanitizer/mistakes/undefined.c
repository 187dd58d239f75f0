/* SPDX-License-Identifier: BSD-3-Clause */
/* Undefined behaviour that x86 gets over without harm. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "mistakes.h"

static void overflow(void)
{
	sink = int_max + one;
}

static void shift(void)
{
	sink = one << forty;
}

static void array_index(void)
{
	static struct {
		int a[4], after[60];
	} s;

	sink = s.a[forty];
}

static void array_length(void)
{
	char vla[zero];

	sink = (long)hide(vla);
}

static void misaligned(void)
{
	static long words[2];
	long *volatile p = (long *)((char *)words + one);

	sink = *p;
}

static void boolean(void)
{
	static char c = 7;
	bool *p = hide(&c);

	sink = *p;
}

static void null_argument(void)
{
	char *volatile null = NULL, here[1];

	memcpy(hide(here), null, (size_t)zero);
}

static void float_cast(void)
{
	volatile double huge = 1e30;

	sink = (int)huge;
}

const struct mistake undefined_behaviour[] = {
	{ "overflow", overflow },
	{ "shift", shift },
	{ "array-index", array_index },
	{ "array-length", array_length },
	{ "misaligned", misaligned },
	{ "boolean", boolean },
	{ "null-argument", null_argument },
	{ "float-cast", float_cast },
	{ NULL, NULL },
};
