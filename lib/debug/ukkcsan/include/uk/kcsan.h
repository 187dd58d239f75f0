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
 * From now on the first line of a report, of races at [va, va + n) only, goes to buf, at most `size`
 * bytes of it; all others are printed as ever. A later one replaces it, also of a pair of places that
 * was reported before. NULL: as before. One buffer for all threads; thread context.
 */
void uk_kcsan_catch(const void *va, size_t n, char *buf, size_t size);

/* How many were printed since boot. Any context. */
unsigned uk_kcsan_reports(void);

/* Are accesses watched: is there more than one CPU? Any context. */
bool uk_kcsan_active(void);

UK_API_END

#endif
