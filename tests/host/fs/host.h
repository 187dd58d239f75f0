/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console of the host program, from the side of the person in front of it.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>

void host_console_tty(int fd, bool on);
void host_console_type(const char *s);
void host_console_end(void);          /* end of input, for ever */
const char *host_console_shown(void); /* what was written since the last call */
size_t host_console_waiting(void);    /* typed bytes that nobody has taken from the platform */

#endif
