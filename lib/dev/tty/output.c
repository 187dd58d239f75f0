/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output to the terminal: newline translation, the cursor's column, and echo.
 */
#include <uk/string.h>
#include "tty_priv.h"

uint32_t tty_advance(uint32_t column, unsigned char c)
{
	switch (c) {
	case '\n':
	case '\r':
		return 0;
	case '\b':
		return column ? column - 1 : 0;
	case '\t':
		return (column | 7) + 1;
	}
	if (c < ' ' || c == 0x7f)
		return column;
	/* The later bytes of a UTF-8 character stay in its column. */
	return (c & 0xc0) == 0x80 ? column : column + 1;
}

/* Whole stretches go out at once; only what has to change is written apart. */
void tty_output(int stream, const char *s, size_t n)
{
	const uint32_t flags = tty.termios.c_oflag;
	const char *end = s + n, *from = s;

	if (!(flags & UK_OPOST)) {
		uk_plat_console_write(stream, s, n);
		return;
	}
	for (; s < end; s++) {
		const char *instead = NULL;

		if (*s == '\n' && flags & UK_ONLCR)
			instead = "\r\n";
		else if (*s == '\r' && flags & UK_OCRNL)
			instead = "\n";
		else if (*s == '\r' && flags & UK_ONOCR && !tty.column)
			instead = "";
		if (UK_UNLIKELY(instead)) {
			if (s > from)
				uk_plat_console_write(stream, from, (size_t)(s - from));
			uk_plat_console_write(stream, instead, uk_strlen(instead));
			from = s + 1;
		}
		tty.column = tty_advance(tty.column, (unsigned char)*s);
	}
	if (s > from)
		uk_plat_console_write(stream, from, (size_t)(s - from));
}

void tty_echo_control(unsigned char c)
{
	const char text[2] = { '^', (char)(c ^ 0x40) };

	tty_output(UK_CON_OUT, text, 2);
}

void tty_echo(unsigned char c)
{
	if (l_flag(UK_ECHOCTL) && (c < ' ' || c == 0x7f) && c != '\n' && c != '\t')
		tty_echo_control(c);
	else
		tty_output(UK_CON_OUT, (const char *)&c, 1);
}

void tty_erase_to(uint32_t column)
{
	while (tty.column > column)
		tty_output(UK_CON_OUT, "\b \b", 3);
}
