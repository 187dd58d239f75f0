/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a ring in a page shared with the console daemon (Xen public/io/console.h), or, in the control domain, Xen's
 * own console. What is written before the ring is there waits in memory.
 *
 * There is one stream each way, and support/run wants the streams kept apart: with xen.records=1 all output is records,
 * as on kvm's side channel: 0x10, type, length (16 bits, little endian), payload. Types: O stdout, E stderr, K kernel message, C crash
 * report, X exit status, R the image wants input, B it hears the power button, P it can be told that nobody reads stdout any more. Input
 * is bytes then, but for 0x10, which begins an escape: D and ] stand for the bytes 0x10 and 0x1d, E is the end of input, B the
 * power button, H says that the reader of stdout has gone.
 *
 * On arm64 a domain that Xen has started by itself has no daemon for it. It writes to a UART, if Xen emulates one; records go
 * to Xen's log, as lines of == and the bytes in hexadecimal. There R also says, as 32 bits, how many bytes of input have been taken.
 */
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/param.h>
#include <uk/plat/console.h>
#include <uk/spin.h>
#include <uk/string.h>
#include <uk/xen/event.h>
#include <uk/xen/power.h>

#include "terminal.h"
#include "xen.h"

#include <xen/io/console.h>
#include <xen/sched.h>

#define DLE        0x10
#define RECORD_MAX 1024
#define LINE       60                    /* bytes in a line of Xen's log */
#define PATIENCE   (5 * UK_NSEC_PER_SEC) /* for who empties the ring */

UK_PARAM_BOOL(xen, records, false, "the console's output is records, for support/run");

static struct xencons_interface *ring;
static struct uk_spinlock lock; /* of both directions */
static bool stuck;              /* nobody takes what is written */
static bool no_ring;            /* and Xen takes lines for its log */
#define LOGS (XEN_LOGS && no_ring)

/* What was written before. */
static char early[1024];
static size_t nearly;

static char input[256];
static uint32_t in_head, in_tail;
static bool in_escape, in_end, no_reader;
static bool armed; /* rx_callback is to be called for the next news */
static void (*rx_callback)(void);

/* ---- out ---- */

static void notify(void)
{
	uk_xen_event_notify(xen_pages[BOOT_FIXED_CONSOLE].port);
}

/* Waits until the ring is not as full any more; false: nobody takes anything. */
static bool wait_for_room(XENCONS_RING_IDX seen)
{
	uk_nsec end = stuck ? 0 : xen_time() + PATIENCE;

	while (UK_READ_ONCE(ring->out_cons) == seen) {
		if (xen_time() >= end) {
			stuck = true;
			return false;
		}
		xen_call2(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
	}
	stuck = false;
	return true;
}

static void ring_write(const char *s, size_t n)
{
	while (n) {
		XENCONS_RING_IDX cons = UK_READ_ONCE(ring->out_cons), prod = ring->out_prod;
		size_t room = sizeof(ring->out) - (prod - cons);

		if (room > sizeof(ring->out)) /* the other side's number, which may be anything */
			room = 0;
		if (!room) {
			notify();
			if (!wait_for_room(cons))
				return;
			continue;
		}
		for (; n && room; n--, room--)
			ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *s++;
		__atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
	}
}

static void to_xen(const char *s, size_t n)
{
	uk_xen_call(__HYPERVISOR_console_io, CONSOLEIO_write, n, (uintptr_t)s, 0);
}

/* A record's parts for a log that keeps lines of printable text only. */
static char line[2 + 2 * LINE + 1] = "==";
static size_t line_len = 2;

static void end_line(void)
{
	line[line_len++] = '\n';
	to_xen(line, line_len);
	line_len = 2;
}

static void put_digits(const char *s, size_t n)
{
	static const char digits[16] = "0123456789abcdef";

	for (; n; n--, s++) {
		line[line_len++] = digits[(uint8_t)*s >> 4];
		line[line_len++] = digits[*s & 15];
		if (line_len == 2 + 2 * LINE)
			end_line();
	}
}

static void put(const char *s, size_t n)
{
	if (uk_xen_dom0) {
		to_xen(s, n);
	} else if (ring) {
		ring_write(s, n);
	} else if (xen_uart) {
		xen_uart_write(s, n);
	} else if (LOGS) {
		to_xen(s, n);
	} else {
		n = UK_MIN(n, sizeof(early) - nearly);
		memcpy(early + nearly, s, n);
		nearly += n;
	}
}

static void record(char type, const char *s, size_t n)
{
	char head[] = { DLE, type, (char)n, (char)(n >> 8) };

	if (LOGS) {
		put_digits(head, sizeof(head));
		put_digits(s, n);
		if (line_len > 2)
			end_line();
	} else {
		put(head, sizeof(head));
		put(s, n);
	}
}

/* Records must not mix. */
static void write_all(char type, const char *s, size_t n)
{
	bool irq = uk_spin_lock_save(&lock);

	if (!uk_param_xen_records.b) {
		put(s, n);
	} else {
		do {
			size_t part = UK_MIN(n, (size_t)RECORD_MAX);

			record(type, s, part);
			s += part;
			n -= part;
		} while (n);
	}
	if (ring)
		notify();
	uk_spin_unlock_restore(&lock, irq);
}

static void tell(char type, const char *s, size_t n)
{
	if (uk_param_xen_records.b)
		write_all(type, s, n);
}

void xen_runner_status(int status)
{
	char s = (char)status;

	tell('X', &s, 1);
}

void xen_console_flush(void)
{
	XENCONS_RING_IDX cons;

	/* It ends before anybody has looked for a console. */
	if (XEN_LOGS && nearly)
		to_xen(early, nearly);
	while (ring && (cons = UK_READ_ONCE(ring->out_cons)) != ring->out_prod)
		if (!wait_for_room(cons))
			return;
}

static void watch(void);

#ifdef CONFIG_LIBPOSIX_SIGNAL
static bool reader_has_gone(void)
{
	static bool told;

	if (!told && uk_param_xen_records.b) {
		told = true;
		watch();
		tell('P', NULL, 0);
	}
	return no_reader;
}
#else
static bool reader_has_gone(void)
{
	return false;
}
#endif

ssize_t uk_plat_console_write(int stream, const char *s, size_t n)
{
	if (stream == UK_CON_OUT && reader_has_gone())
		return -EPIPE;
	if (n)
		write_all(stream == UK_CON_OUT   ? 'O'
			  : stream == UK_CON_ERR ? 'E'
			  : stream == UK_CON_LOG ? 'K'
						 : 'C',
			  s, n);
	return (ssize_t)n;
}

/* ---- in ---- */

static bool next_byte(char *c)
{
	XENCONS_RING_IDX cons;

	if (uk_xen_dom0)
		return uk_xen_call(__HYPERVISOR_console_io, CONSOLEIO_read, 1, (uintptr_t)c, 0) ==
		       1;
	if (!ring)
		return xen_uart && xen_uart_read(c);
	cons = ring->in_cons;
	if (cons == __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE))
		return false;
	*c = ring->in[MASK_XENCONS_IDX(cons, ring->in)];
	__atomic_store_n(&ring->in_cons, cons + 1, __ATOMIC_RELEASE);
	return true;
}

/* Bytes of input so far, for who must not send more than a UART of Xen's holds; and what was told of that. */
static uint32_t taken, told;

static void ask_for_more(void)
{
	if (taken == told)
		return;
	told = taken;
	tell('R', (const char *)&told, sizeof(told));
}

/* Takes what has come, as far as there is room, and what escapes ask for. */
static void take_input(void)
{
	char c;
	bool any = false;

	while (in_tail - in_head < sizeof(input) && next_byte(&c)) {
		any = true;
		taken += LOGS;
		if (uk_param_xen_records.b && !in_escape && c == DLE) {
			in_escape = true;
			continue;
		}
		if (in_escape) {
			in_escape = false;
			if (c == 'E')
				in_end = true;
			else if (c == 'H')
				no_reader = true;
			else if (c == 'B')
				uk_xen_power_request();
			if (c != 'D' && c != ']')
				continue;
			c = c == 'D' ? DLE : 0x1d;
		}
		input[in_tail++ % sizeof(input)] = c;
	}
	if (any && ring)
		notify();
}

ssize_t uk_plat_console_read(char *buf, size_t n)
{
	static bool asked;
	size_t got = 0;
	bool irq;

	if (!n)
		return 0;
	if (!asked)
		tell('R', NULL, 0);
	asked = true;
	irq = uk_irq_save();
	take_input();
	if (LOGS)
		ask_for_more();
	for (; got < n && in_head != in_tail; got++)
		buf[got] = input[in_head++ % sizeof(input)];
	if (!got && !in_end)
		armed = true;
	uk_irq_restore(irq);
	return got || in_end ? (ssize_t)got : -EAGAIN;
}

static void news(void *arg UK_UNUSED)
{
	take_input();
	if (armed && rx_callback && (in_head != in_tail || in_end)) {
		armed = false;
		rx_callback();
	}
}

static bool watching;

/* Has news() called; once is enough. */
static void watch(void)
{
	int port = (int)xen_pages[BOOT_FIXED_CONSOLE].port;

	if (watching || (!uk_xen_dom0 && !ring && !xen_uart))
		return;
	watching = true;
	if (!uk_xen_dom0 && !ring) {
		xen_uart_listen(news);
		return;
	}
	if (uk_xen_dom0)
		port = uk_xen_event_virq(VIRQ_CONSOLE, 0);
	if (port >= 0)
		uk_xen_event_handler((uint32_t)port, news, NULL);
}

void uk_plat_console_set_rx(void (*cb)(void))
{
	bool irq = uk_irq_save();

	rx_callback = cb;
	armed = true;
	watch();
	if (cb)
		news(NULL);
	uk_irq_restore(irq);
}

void xen_console_listen(void)
{
	watch();
	tell('B', NULL, 0);
}

int uk_plat_console_winsize(unsigned *rows, unsigned *cols)
{
	unsigned v[2] = { 0, 0 };

	return terminal_size(v, rows, cols);
}

/* ---- boot ---- */

void xen_console_init(void)
{
	TERMINAL_KEEP_PARAMS();
	UK_TABLE_KEEP(uk_param_xen_records);
}

void xen_console_ring(void)
{
	if (uk_xen_dom0)
		return;
	no_ring = !xen_pages[BOOT_FIXED_CONSOLE].frame;
	if (no_ring && !XEN_LOGS)
		return;
	if (!no_ring)
		ring = (struct xencons_interface *)boot_fixed(BOOT_FIXED_CONSOLE);
	put(early, nearly);
	nearly = 0;
	if (!no_ring)
		notify();
}

/* ---- suspended ---- */

void xen_console_suspend(void)
{
	xen_console_flush();
	uk_xen_event_handler(xen_pages[BOOT_FIXED_CONSOLE].port, NULL, NULL);
}

/* The page is the same, its contents perhaps not. */
void xen_console_resume(void)
{
	if (!watching)
		return;
	watching = false;
	watch();
}
