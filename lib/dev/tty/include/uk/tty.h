/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal: line discipline between a platform's console and the files 0, 1 and 2.
 *
 * The console has up to three streams (input, output, errors). Each is a terminal or not, as
 * the platform says (uk_plat_console_isatty()). A stream that is not a terminal passes bytes
 * unchanged. Terminals share one set of settings (termios), window size and foreground
 * process group, and all that canonical mode means happens here: line editing, echo, signals.
 */
#ifndef UK_TTY_H
#define UK_TTY_H

#include <uk/abi/ioctl.h>
#include <uk/abi/termios.h>
#include <uk/api.h>
#include <uk/file.h>

UK_API_BEGIN

/*
 * A file for stream 0, 1 or 2 of the console, opened with `flags` (UK_O_*): one reference for the
 * caller, or an error pointer (-ENOMEM).
 */
struct uk_file *uk_tty_console_file(int stream, unsigned flags);

/*
 * What to call for ^C, ^\ and ^Z (Linux signal numbers 2, 3, 20) and for a changed window size (28):
 * the POSIX layer sends the signal to process group `pgrp` (0: none was set). Called from interrupt
 * context. NULL: such keys are ordinary characters' editing only.
 */
void uk_tty_set_signal_hook(void (*hook)(int sig, int pgrp));

UK_API_END

#endif
