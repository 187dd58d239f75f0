/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a 16550 UART at the PC's first serial port (PC16550D data sheet), and the
 * runner's side channel, which keeps the streams apart.
 *
 * Output waits for the UART's FIFO to be empty and fills it with one string instruction, which is
 * one exit to the hypervisor and not sixteen. Input has no buffer of its own: the receive interrupt
 * is off while there is something unread, and the FIFO and the host behind it hold the rest back.
 *
 * The side channel is a debug port that reads as 'W' when support/run listens. Records:
 * type, length (16 bits, little endian), payload. Types: K kernel message, E the application's
 * stderr, C crash report, X exit status, R the image wants input (until then the runner takes none
 * from its own stdin), B it hears the power button, P the application can be told that nobody reads
 * its stdout any more. The application's stdout always takes the UART. A break on the line is the
 * end of input; an NMI, of a runner that got P, says that the reader of stdout has gone.
 */
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/spin.h>
#include <uk/plat/console.h>
#include <uk/plat/irq.h>
#include <uk/string.h>

#include "kvm.h"
#include "terminal.h"

#define COM1     0x3f8
#define COM1_IRQ 4
#define RBR      (COM1 + 0) /* read: received byte */
#define THR      (COM1 + 0) /* write: byte to send */
#define IER      (COM1 + 1)
#define FCR      (COM1 + 2)
#define LCR      (COM1 + 3)
#define MCR      (COM1 + 4)
#define LSR      (COM1 + 5)

#define IER_RX    0x05 /* received data, and line status for a break */
#define IER_THRE  0x02 /* nothing to send: raised as soon as it is enabled */
/*
 * FIFOs on and empty; interrupt from 14 bytes on, or when a few have waited for 4 characters' time.
 * (QEMU delivers no more at a time than this trigger level.)
 */
#define FCR_ON    0xc7
#define LCR_DLAB  0x80 /* the first two registers are the divisor */
#define LCR_8N1   0x03
#define MCR_ON    0x0b /* DTR, RTS, and OUT2, which lets the interrupt through */
#define LSR_DR    0x01
#define LSR_BI    0x10
#define LSR_THRE  0x20
#define LSR_TEMT  0x40 /* the last bit is out */
#define FIFO_SIZE 16

#define CHANNEL    0xe9
#define CHANNEL_ID 'W'
#define RECORD_MAX 0xffff

static void (*rx_callback)(void);
static bool rx_break; /* the line told of a break: what is in the FIFO is the last */
static bool rx_end;

bool kvm_runner(void)
{
	return uk_inb(CHANNEL) == CHANNEL_ID;
}

static struct uk_spinlock channel;

static void record(char type, const char *s, size_t n)
{
	char head[3] = { type, (char)n, (char)(n >> 8) };
	bool irq = uk_spin_lock_save(&channel); /* records must not mix */

	uk_outsb(CHANNEL, head, sizeof(head));
	uk_outsb(CHANNEL, s, n);
	uk_spin_unlock_restore(&channel, irq);
}

void kvm_runner_listening(void)
{
	if (kvm_runner())
		record('B', NULL, 0);
}

void kvm_runner_status(int status)
{
	char s = (char)status;

	if (kvm_runner())
		record('X', &s, 1);
}

static void ask_for_input(void)
{
	static bool asked;

	if (!asked && kvm_runner())
		record('R', NULL, 0);
	asked = true;
}

void kvm_console_init(void)
{
	TERMINAL_KEEP_PARAMS();
	uk_outb(IER, 0);
	uk_outb(LCR, LCR_DLAB);
	uk_outb(COM1, 1); /* 115,200 baud */
	uk_outb(COM1 + 1, 0);
	uk_outb(LCR, LCR_8N1);
	uk_outb(FCR, FCR_ON);
	uk_outb(MCR, MCR_ON);
}

/*
 * Where there are signals, one is made of a write that nobody reads, and the application may ignore
 * it. An image without is simply ended by the runner then.
 */
#ifdef CONFIG_LIBPOSIX_SIGNAL
static bool told;
static volatile bool no_reader;

bool x86_nmi(void)
{
	no_reader = told;
	return told;
}

static bool reader_has_gone(void)
{
	if (!told && kvm_runner()) {
		told = true;
		record('P', NULL, 0);
	}
	return no_reader;
}
#else
static bool reader_has_gone(void)
{
	return false;
}
#endif

/*
 * Reading the status takes the note of a break from it, and its interrupt as well. A writer who
 * finds one raises another interrupt in its place.
 */
static uint8_t line_status(void)
{
	uint8_t lsr = uk_inb(LSR);

	if (lsr & LSR_BI) {
		rx_break = true;
		if (rx_callback)
			uk_outb(IER, IER_RX | IER_THRE);
	}
	return lsr;
}

static void serial_write(const char *s, size_t n)
{
	while (n) {
		size_t burst = UK_MIN(n, (size_t)FIFO_SIZE);
#ifdef CONFIG_SMP
		/* Two CPUs that find the FIFO empty must not both fill it. */
		static struct uk_spinlock fifo;
		bool irq = uk_spin_lock_save(&fifo);
#endif

		while (!(line_status() & LSR_THRE))
			__asm__ volatile("pause");
		uk_outsb(THR, s, burst);
#ifdef CONFIG_SMP
		uk_spin_unlock_restore(&fifo, irq);
#endif
		s += burst;
		n -= burst;
	}
}

void kvm_console_flush(void)
{
	while (!(line_status() & LSR_TEMT))
		__asm__ volatile("pause");
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
	if (stream == UK_CON_OUT && reader_has_gone())
		return -EPIPE;
	if (stream == UK_CON_OUT || !kvm_runner()) {
		size_t done = port_write(stream, s, n);

		serial_write(s + done, n - done);
		return (ssize_t)n;
	}
	for (size_t done = 0; done < n; done += RECORD_MAX)
		record(stream == UK_CON_ERR   ? 'E'
		       : stream == UK_CON_LOG ? 'K'
					      : 'C',
		       s + done, UK_MIN(n - done, (size_t)RECORD_MAX));
	return (ssize_t)n;
}

ssize_t uk_plat_console_read(char *buf, size_t n)
{
	size_t got = 0;

	if (!n)
		return 0;
	if (port)
		return port->read(buf, n);
	ask_for_input();
	while (!rx_end && got < n) {
		if (!(line_status() & LSR_DR)) {
			rx_end = rx_break;
			break;
		}
		buf[got] = (char)uk_inb(RBR);
		/* A break puts a 0 into the FIFO, unless that is full. */
		if (rx_break && !buf[got] && !(line_status() & LSR_DR))
			rx_end = true;
		else
			got++;
	}
	if (got || rx_end)
		return (ssize_t)got;
	/* Byte or break between the look above and this: the interrupt comes at once. */
	if (rx_callback)
		uk_outb(IER, IER_RX);
	return -EAGAIN;
}

static void rx_interrupt(void *arg UK_UNUSED)
{
	uk_outb(IER, 0);
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
	uk_outb(IER, 0);
	rx_callback = cb;
	if (!cb)
		return;
	if (!connected)
		connected = !uk_plat_irq_request(COM1_IRQ, rx_interrupt, NULL);
	ask_for_input();
	uk_outb(IER, IER_RX);
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
