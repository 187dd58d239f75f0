/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private to ukkcsan.
 */
#ifndef UKKCSAN_INTERNAL_H
#define UKKCSAN_INTERNAL_H

#include <uk/kcsan.h>

#define CALLERS 12
#define NAME    24

/* How memory is accessed. */
#define READ   0U
#define WRITE  1U
#define MARKED 2U /* atomic or volatile: another one that is marked is no race with it */

struct access {
	uintptr_t va;
	size_t n;
	unsigned how;
	uint32_t cpu;
	char thread[NAME];
	uint32_t pc[CALLERS]; /* uk_callers() */
};

/* False before there are several CPUs, and once the image has crashed. */
extern bool kcsan_on;

/*
 * The access that is to come: does somebody watch these bytes? Else it may be watched itself.
 * fp: the frame of the function that was called in place of the access.
 */
void kcsan_access(uintptr_t va, size_t n, unsigned how, const void *fp);

/*
 * The access was watched, and `other` was seen, or NULL: only that the value has changed. Interrupts are
 * masked.
 */
void kcsan_report(const struct access *watched, const struct access *other, uint64_t before,
		  uint64_t after);

#endif
