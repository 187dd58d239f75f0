/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The platform's console: streams of bytes out, one stream in, and what is known of the terminal.
 *
 * Bytes pass unchanged; line discipline (echo, ^C, newline translation) belongs to the tty library.
 * Under support/run the streams stay apart up to the host's stdout and stderr; on a plain serial
 * line they share it, and a kernel message may cut what the application writes.
 */
#ifndef UK_PLAT_CONSOLE_H
#define UK_PLAT_CONSOLE_H

#include <uk/api.h>
#include <uk/types.h>

#define UK_CON_OUT   1 /* the application's standard output */
#define UK_CON_ERR   2 /* the application's standard error */
#define UK_CON_LOG   3 /* kernel messages */
#define UK_CON_CRASH 4 /* crash reports: shown, and symbolised by whoever watches */

/*
 * Another way for the application's bytes, of a driver. The functions keep to what is said below of
 * uk_plat_console_write(), _read() and _set_rx(). write() may take fewer than n bytes, when its device has
 * failed: the rest goes the old way.
 */
struct uk_plat_console_port {
	size_t (*write)(const char *s, size_t n);
	ssize_t (*read)(char *buf, size_t n);
	void (*set_rx)(void (*cb)(void));
	unsigned rows, cols; /* 0: not known */
};

UK_API_BEGIN

/*
 * With CONFIG_PLAT_BUSES: from now on the application's streams use `port`, which stays. Kernel messages and crash
 * reports go on as before, and so does standard error under support/run, which keeps it apart. Once, at
 * boot; before anybody has read.
 */
void uk_plat_console_use(const struct uk_plat_console_port *port);

/*
 * Writes all n bytes to one of UK_CON_*; waits (busily) while the line is full, never sleeps.
 * Works from the first instruction of uk_boot() on. Any context, non-maskable included.
 * Returns n; where the host refuses some, the number before, or its negative errno if there are none.
 */
ssize_t uk_plat_console_write(int stream, const char *s, size_t n);

/*
 * Reads at most n bytes of input without waiting: their number, 0 at the end of input (and from
 * then on), -EAGAIN if there are none now, or another negative errno of the host's. Thread or
 * interrupt context, with interrupts masked or from the rx callback.
 */
ssize_t uk_plat_console_read(char *buf, size_t n);

/*
 * Has `cb` called in interrupt context when uk_plat_console_read() has something new to tell. It is
 * called once; the next call comes only after a read has returned -EAGAIN. Input
 * that waits already counts as new. NULL switches it off. Thread context; may fail silently where
 * the console has no input at all. Call it when somebody first wants input: it sets up an
 * interrupt.
 */
void uk_plat_console_set_rx(void (*cb)(void));

/* Is the application's descriptor `fd` (0, 1, 2) a terminal? Any context. */
int uk_plat_console_isatty(int fd);

/* Size in characters: 0, or -ENOTTY if unknown. Any context. */
int uk_plat_console_winsize(unsigned *rows, unsigned *cols);

UK_API_END

#endif
