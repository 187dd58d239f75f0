/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last kernel messages, for crash reports. Messages are written with uk/print.h.
 */
#ifndef UK_LOG_H
#define UK_LOG_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/* Hand the kept messages, oldest first, to `out` in one or two pieces. Any context. */
void uk_log_recent(void (*out)(void *arg, const char *s, size_t n), void *arg);

UK_API_END

#endif
