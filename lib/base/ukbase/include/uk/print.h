/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel messages and formatted printing.
 *
 * A message has a level and the name of the library that wrote it (UK_LIB_NAME, set by the build).
 * Levels above CONFIG_LIBUKBASE_LOG_LEVEL are not compiled in; of the rest, parameter `log.level`
 * chooses at run time (default: warnings and errors). Messages go to the platform's log stream,
 * apart from what the application writes, and the last of them are kept in a ring for
 * crash reports. May be called from any context; never blocks, never allocates.
 */
#ifndef UK_PRINT_H
#define UK_PRINT_H

#include <stdarg.h>
#include <uk/api.h>
#include <uk/config.h>
#include <uk/essentials.h>

enum uk_log_level { UK_LOG_ERR, UK_LOG_WARN, UK_LOG_INFO, UK_LOG_DEBUG };

#ifndef UK_LIB_NAME
#define UK_LIB_NAME "?"
#endif

#define uk_pr_at(level, ...)                                                       \
	do {                                                                       \
		if ((int)(level) <= CONFIG_LIBUKBASE_LOG_LEVEL)                    \
			uk_log(level, UK_LIB_NAME, __VA_ARGS__);                   \
	} while (0)

/* No newline at the end: every message is a line. */
#define uk_pr_err(...)   uk_pr_at(UK_LOG_ERR, __VA_ARGS__)
#define uk_pr_warn(...)  uk_pr_at(UK_LOG_WARN, __VA_ARGS__)
#define uk_pr_info(...)  uk_pr_at(UK_LOG_INFO, __VA_ARGS__)
#define uk_pr_debug(...) uk_pr_at(UK_LOG_DEBUG, __VA_ARGS__)

UK_API_BEGIN

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...) UK_PRINTF(3, 4);

/* A line that somebody has asked for, by a parameter: no error, and shown whatever log.level is. */
#define uk_pr_asked(...) uk_log_asked(UK_LIB_NAME, __VA_ARGS__)
void uk_log_asked(const char *lib, const char *fmt, ...) UK_PRINTF(2, 3);

/*
 * printf into a buffer: at most `size` bytes including the terminating 0. Returns the length the
 * whole text would have. Conversions: d i u x X o c s p % with flags - 0 + space #, width, precision
 * (also *), and lengths hh h l ll z t j. No floating point.
 */
int uk_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) UK_PRINTF(3, 0);
int uk_snprintf(char *buf, size_t size, const char *fmt, ...) UK_PRINTF(3, 4);

/* As uk_vsnprintf, but hands each piece to `out`. Returns the number of bytes. */
int uk_vprintf_to(void (*out)(void *arg, const char *s, size_t n), void *arg, const char *fmt,
		  va_list ap) UK_PRINTF(3, 0);

/*
 * The system cannot go on: print the message and a crash report, and end with a failing status.
 * Any context. For our own mistakes and for hardware that broke its promise; what a user can
 * cause gets an error instead.
 */
UK_NORETURN void uk_panic(const char *fmt, ...) UK_PRINTF(1, 2);

/*
 * End because something outside is wrong (a corrupt initrd, an unknown parameter, too little
 * memory): prints the message alone, without registers, and exits with status 1.
 */
UK_NORETURN void uk_fatal(const char *fmt, ...) UK_PRINTF(1, 2);

UK_API_END

#endif
