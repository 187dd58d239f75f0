/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reports of undefined behaviour: one line each, with the place, what it was and the values, and the
 * thread. A place is reported once. Parameter `ubsan.stop` ends the image at the first report.
 *
 * The compiler calls this library by itself; what is here is for tests of it.
 */
#ifndef UK_UBSAN_H
#define UK_UBSAN_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * From now on the text of a report ("signed integer overflow: ...") goes to buf, at most `size`
 * bytes of it, instead of the log; it neither stops nor counts. The text of a later one replaces
 * it. NULL: as before. Any context; one buffer for all threads.
 */
void uk_ubsan_catch(char *buf, size_t size);

/* How many there were so far, those caught not included. */
unsigned long uk_ubsan_reports(void);

UK_API_END

#endif
