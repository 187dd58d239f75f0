/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The race sanitizer, for its tests and for code that measures with it. What other libraries tell it is
 * in <uk/sanitize.h>.
 */
#ifndef UK_KCSAN_H
#define UK_KCSAN_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/sanitize.h>

UK_API_BEGIN

/*
 * From now on races at [va, va + n) are not printed, but kept for uk_kcsan_caught(): who they were, in a
 * line, and the last one only, also of a pair of places that was reported before. All others are
 * printed as ever. n is 0: as before. Thread context.
 */
void uk_kcsan_catch(const void *va, size_t n);

/* That line, or as much of it as fits into `size` bytes; empty if there was none since. Thread context. */
void uk_kcsan_caught(char *buf, size_t size);

/* How many were printed since boot. Any context. */
unsigned uk_kcsan_reports(void);

/* Are accesses watched: is there more than one CPU? Any context. */
bool uk_kcsan_active(void);

UK_API_END

#endif
