/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a 16550 UART that the device tree tells of (PC16550D data sheet), where it is looked for as soon as somebody
 * has something to say. Before the tree is read, and on machines without one, the firmware's (SBI 1.0 §5.2), which has no
 * input here.
 *
 * Input has no buffer of its own: the receive interrupt is off while there is something unread, and the FIFO and the host
 * behind it hold the rest back. A break on the line is the end of input.
 */
#include <uk/arch/cpu.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/plat/console.h>
#include <uk/plat/irq.h>
#include <uk/spin.h>

#include "kvm.h"
#include "ns16550.h"
#include "terminal.h"

static volatile uint8_t *uart; /* NULL: the firmware's */
static unsigned shift, width;  /* registers: how far apart, how wide */
static uint32_t line;          /* its interrupt */
static bool unknown;           /* the tree can be asked, and has not been yet */

static void (*rx_callback)(void);
static bool rx_break; /* the line told of a break: what is in the FIFO is the last */
static bool rx_end;

static uint8_t get(unsigned reg)
{
	return (uint8_t)uk_mmio_read(uart + (reg << shift), width);
}

static void put(unsigned reg, uint8_t v)
{
	uk_mmio_write(uart + (reg << shift), width, v);
}

/*
 * Reading the status takes the note of a break from it, and its interrupt as well. A writer who
 * finds one raises another interrupt in its place.
 */
static uint8_t line_status(void)
{
	uint8_t lsr = get(LSR);

	if (lsr & LSR_BI) {
		rx_break = true;
		if (rx_callback)
			put(IER, IER_RX | IER_THRE);
	}
	return lsr;
}

static void serial_write(const char *s, size_t n)
{
	if (!uart) {
		for (; n; n--)
			sbi_call(SBI_EXT_PUTCHAR, 0, (uint8_t)*s++, 0);
		return;
	}
	while (n) {
		size_t burst = UK_MIN(n, (size_t)FIFO_SIZE);
#ifdef CONFIG_SMP
		/* Two CPUs that find the FIFO empty must not both fill it. */
		static struct uk_spinlock fifo;
		bool irq = uk_spin_lock_save(&fifo);
#endif

		while (!(line_status() & LSR_THRE))
			uk_arch_relax();
		for (n -= burst; burst; burst--)
			put(THR, (uint8_t)*s++);
#ifdef CONFIG_SMP
		uk_spin_unlock_restore(&fifo, irq);
#endif
	}
}

static void find_uart(void)
{
	static const devtree_name names[] = { "reg-shift", "reg-io-width", "interrupts" };
	int node;
	struct devtree_prop p[3];
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	node = devtree_console("ns16550a");
	if (node < 0 || !devtree_reg(node, &pa, &len))
		return;
	devtree_props(node, names, p, 3);
	shift = devtree_number(&p[0], 0);
	width = devtree_number(&p[1], 1);
	if (shift > 2 || (width != 1 && width != 2 && width != 4) ||
	    (pa & UK_PAGE_MASK) + (8UL << shift) > UK_PAGE_SIZE)
		return;
	page = boot_map_device(BOOT_FIXED_UART, pa & ~UK_PAGE_MASK);
	if (!page)
		return;
	uart = page + (pa & UK_PAGE_MASK);
	line = devtree_number(&p[2], 0);
	/* The firmware has chosen the speed. */
	put(IER, 0);
	put(LCR, LCR_8N1);
	put(FCR, FCR_ON);
	put(MCR, MCR_ON);
}

/* The firmware writes to the same line: what comes from here on is ours. */
static void begin(void)
{
	static const char begins[9] = "\0whittle";

	if (kvm_runner())
		serial_write(begins, sizeof(begins));
}

void kvm_console_find(void)
{
	if (UK_LIKELY(!unknown))
		return;
	unknown = false;
	find_uart();
	kvm_channel_init();
	begin();
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
	while (uart && !(line_status() & LSR_TEMT))
		uk_arch_relax();
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

	if (!n)
		return 0;
	if (port)
		return port->read(buf, n);
	kvm_console_find();
	if (!uart)
		return -EAGAIN;
	ask_for_input();
	while (!rx_end && got < n) {
		if (!(line_status() & LSR_DR)) {
			rx_end = rx_break;
			break;
		}
		buf[got] = (char)get(RBR);
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
		put(IER, IER_RX);
	return -EAGAIN;
}

static void rx_interrupt(void *arg UK_UNUSED)
{
	put(IER, 0);
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
	put(IER, 0);
	rx_callback = cb;
	if (!cb)
		return;
	if (!connected)
		connected = line && !uk_plat_irq_request(line, rx_interrupt, NULL);
	ask_for_input();
	put(IER, IER_RX);
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
