/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the same of a console whatever its UART is: a part of the machine's console.c, which before this has
 *
 *	uart_ready()    is there one? Finds it if nobody has looked
 *	uart_read()     a byte; UART_EMPTY; UART_END: it was the last, and this is said again
 *	uart_listen(b)  whether there is an interrupt while there is something to read
 *	uart_irq()      its interrupt line, 0: none
 *	ask_runner(t)   a record of type t without more, if support/run listens
 *
 * Input has no buffer of its own: the receive interrupt is off while there is something unread, and the FIFO and the host
 * behind it hold the rest back.
 */
#ifndef KVM_CONSOLE_ANY_H
#define KVM_CONSOLE_ANY_H

#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/console.h>
#include <uk/plat/irq.h>

#include "terminal.h"
#include "uart.h"

static void (*rx_callback)(void);

/* A device that has taken the UART's place, for the application's streams. */
#ifdef CONFIG_PLAT_BUSES
static const struct uk_plat_console_port *port;

void uk_plat_console_use(const struct uk_plat_console_port *p)
{
	port = p;
}

static size_t port_write(int stream, const char *s, size_t n)
{
	return port && (stream == UK_CON_OUT || stream == UK_CON_ERR) ? port->write(s, n) : 0;
}
#else
static const struct uk_plat_console_port *const port;

static size_t port_write(int stream UK_UNUSED, const char *s UK_UNUSED, size_t n UK_UNUSED)
{
	return 0;
}
#endif

static void ask_for_input(void)
{
	static bool asked;

	if (!asked)
		ask_runner('R');
	asked = true;
}

ssize_t uk_plat_console_read(char *buf, size_t n)
{
	size_t got = 0;
	bool end = false;

	if (!n)
		return 0;
	if (port)
		return port->read(buf, n);
	if (!uart_ready())
		return -EAGAIN;
	ask_for_input();
	while (got < n) {
		int c = uart_read();

		if (c < 0) {
			end = c == UART_END;
			break;
		}
		buf[got++] = (char)c;
	}
	if (got || end)
		return (ssize_t)got;
	/* What came between the look above and this: the interrupt comes at once. */
	if (rx_callback)
		uart_listen(true);
	return -EAGAIN;
}

static void rx_interrupt(void *arg UK_UNUSED)
{
	uart_listen(false);
	if (rx_callback)
		rx_callback();
}

void uk_plat_console_set_rx(void (*cb)(void))
{
	static bool connected;

	if (port) {
		port->set_rx(cb);
		return;
	}
	if (!uart_ready())
		return;
	uart_listen(false);
	rx_callback = cb;
	if (!cb)
		return;
	if (!connected)
		connected = uart_irq() && !uk_plat_irq_request(uart_irq(), rx_interrupt, NULL);
	ask_for_input();
	uart_listen(true);
}

int uk_plat_console_winsize(unsigned *rows, unsigned *cols)
{
	unsigned v[2] = { 0, 0 };

	if (!uk_param_console_size.s && port) {
		v[0] = port->rows;
		v[1] = port->cols;
	}
	return terminal_size(v, rows, cols);
}

#endif
