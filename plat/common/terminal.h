/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of the terminal at the other end, from parameters: for the platform's console.c alone.
 */
#ifndef PLAT_TERMINAL_H
#define PLAT_TERMINAL_H

#include <uk/errno.h>
#include <uk/param.h>
#include <uk/plat/console.h>

UK_PARAM_UINT(console, tty, 7, "which of the descriptors 0, 1, 2 are a terminal: 1 + 2 + 4");
UK_PARAM_STR(console, size, NULL, "size of the terminal, ROWSxCOLUMNS");

/* The runner gives these to every image, used or not. In a function that every image has. */
#define TERMINAL_KEEP_PARAMS()                                                                     \
	do {                                                                                       \
		UK_TABLE_KEEP(uk_param_console_tty);                                               \
		UK_TABLE_KEEP(uk_param_console_size);                                              \
	} while (0)

int uk_plat_console_isatty(int fd)
{
	return fd >= 0 && fd <= 2 && (uk_param_console_tty.u >> fd & 1);
}

/* v[0] and v[1] are what else is known, 0: nothing. */
static inline int terminal_size(unsigned v[2], unsigned *rows, unsigned *cols)
{
	const char *s = uk_param_console_size.s;

	for (unsigned i = 0; s && i < 2; i++, s++)
		for (; *s >= '0' && *s <= '9'; s++)
			v[i] = v[i] * 10 + (unsigned)(*s - '0');
	if (!v[0] || !v[1] || v[0] > 0xffff || v[1] > 0xffff)
		return -ENOTTY;
	*rows = v[0];
	*cols = v[1];
	return 0;
}

#endif
