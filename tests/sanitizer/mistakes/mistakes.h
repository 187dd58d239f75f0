/* SPDX-License-Identifier: BSD-3-Clause */
/* One mistake per function, and what each has to survive: being seen through by the compiler. */
#ifndef MISTAKES_H
#define MISTAKES_H

struct mistake {
	const char *name;
	void (*make)(void);
};

extern const struct mistake undefined_behaviour[], memory_errors[]; /* end with a NULL name */

/* Numbers that the compiler does not know, and a place for results that it must not drop. */
extern volatile int zero, one, forty, int_max;
extern volatile long sink;

/* The pointer, of which the compiler knows nothing any more. */
static inline void *hide(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

#endif
