/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a 16550 UART at the PC's first serial port (PC16550D data sheet), and the
 * runner's side channel, which keeps the streams apart.
 *
 * The side channel is a debug port that reads as 'W' when support/run listens. Records:
 * type, length (16 bits, little endian), payload. Types: K kernel message, E the application's
 * stderr, C crash report, X exit status, R the image wants input (until then the runner takes none
 * from its own stdin), B it hears the power button, P the application can be told that nobody reads
 * its stdout any more. The application's stdout always takes the UART. An NMI, of a runner that got P, says that
 * the reader of stdout has gone.
 */
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/console.h>
#include <uk/spin.h>
#include <uk/string.h>

#include "kvm.h"

#define COM1     0x3f8
#define COM1_IRQ 4

#define CHANNEL    0xe9
#define CHANNEL_ID 'W'
#define RECORD_MAX 0xffff

static inline uint8_t get(uint16_t reg)
{
	return uk_inb(COM1 + reg);
}

static inline void put(uint16_t reg, uint8_t v)
{
	uk_outb(COM1 + reg, v);
}

/* One exit to the hypervisor, and not one for each byte. */
static inline void put_string(const char *s, size_t n)
{
	uk_outsb(COM1, s, n);
}

static inline bool listening(void);

#include "../uart16550.h"

static inline int uart_read(void)
{
	return uart16550_read();
}

static inline void uart_listen(bool on)
{
	put(IER, on ? IER_RX : 0);
}

static inline uint32_t uart_irq(void)
{
	return COM1_IRQ;
}

static inline bool uart_ready(void)
{
	return true;
}

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

static void ask_runner(char type)
{
	if (kvm_runner())
		record(type, NULL, 0);
}

void kvm_runner_listening(void)
{
	ask_runner('B');
}

void kvm_runner_status(int status)
{
	char s = (char)status;

	if (kvm_runner())
		record('X', &s, 1);
}

#include "../console_any.h"

static inline bool listening(void)
{
	return rx_callback;
}

void kvm_console_init(void)
{
	TERMINAL_KEEP_PARAMS();
	put(IER, 0);
	put(LCR, LCR_DLAB);
	put(0, 1); /* 115,200 baud */
	put(1, 0);
	uart16550_on();
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

void kvm_console_flush(void)
{
	uart16550_drain();
}

ssize_t uk_plat_console_write(int stream, const char *s, size_t n)
{
	if (stream == UK_CON_OUT && reader_has_gone())
		return -EPIPE;
	if (stream == UK_CON_OUT || !kvm_runner()) {
		size_t done = port_write(stream, s, n);

		uart16550_write(s + done, n - done);
		return (ssize_t)n;
	}
	for (size_t done = 0; done < n; done += RECORD_MAX)
		record(stream == UK_CON_ERR   ? 'E'
		       : stream == UK_CON_LOG ? 'K'
					      : 'C',
		       s + done, UK_MIN(n - done, (size_t)RECORD_MAX));
	return (ssize_t)n;
}
