/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a UART that the device tree tells of, where it is looked for as soon as somebody has something to say. Before
 * the tree is read, and on machines without one, the firmware's, if it has one, which has no input here.
 *
 * Input has no buffer of its own: the receive interrupt is off while there is something unread, and the FIFO and the host
 * behind it hold the rest back.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/plat/console.h>
#include <uk/plat/irq.h>

#include "kvm.h"
#include "terminal.h"

static bool uart;    /* false: the firmware's */
static bool unknown; /* the tree can be asked, and has not been yet */

static void (*rx_callback)(void);

static void serial_write(const char *s, size_t n)
{
	if (uart)
		uart_write(s, n);
	else
		kvm_firmware_write(s, n);
}

void kvm_console_find(void)
{
	if (UK_LIKELY(!unknown))
		return;
	unknown = false;
	uart = uart_find();
	kvm_channel_init();
#ifdef KVM_CONSOLE_BEGINS
	/* The firmware writes to the same line: what comes from here on is ours. */
	if (kvm_runner())
		serial_write(KVM_CONSOLE_BEGINS, sizeof(KVM_CONSOLE_BEGINS));
#endif
}

void kvm_console_init(void)
{
	TERMINAL_KEEP_PARAMS();
	unknown = true;
#ifdef CONFIG_SMP
	kvm_console_find(); /* while nobody else can */
#endif
}

void kvm_console_flush(void)
{
	kvm_console_find();
	if (uart)
		uart_drain();
}

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

ssize_t uk_plat_console_write(int stream, const char *s, size_t n)
{
	kvm_console_find();
	if (stream == UK_CON_OUT || !kvm_runner()) {
		size_t done = port_write(stream, s, n);

		serial_write(s + done, n - done);
	} else {
		kvm_record(stream == UK_CON_ERR ? 'E' : stream == UK_CON_LOG ? 'K' : 'C', s, n);
	}
	return (ssize_t)n;
}

static void ask_for_input(void)
{
	static bool asked;

	if (!asked && kvm_runner())
		kvm_record('R', NULL, 0);
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
	kvm_console_find();
	if (!uart)
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
	kvm_console_find();
	if (!uart)
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
