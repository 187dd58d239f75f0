/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: a UART that the device tree tells of, where it is looked for as soon as somebody has something to say. Before
 * the tree is read, and on machines without one, the firmware's, if it has one, which has no input here.
 */
#include <uk/config.h>
#include <uk/plat/bus.h>
#include <uk/plat/console.h>

#include "kvm.h"
#include "terminal.h"

static bool uart; /* false: the firmware's */

/* What has to be looked for: nothing, before the tree can be asked and after that; from then on ever less. */
static uint8_t unknown;
enum { NOTHING, CHANNEL, ALL };

static void serial_write(const char *s, size_t n)
{
	if (uart)
		uart_write(s, n);
	else
		kvm_firmware_write(s, n);
}

void kvm_console_find(void)
{
	if (UK_LIKELY(unknown == NOTHING))
		return;
	/* Where nothing answers is a trap, whose report comes here again: it goes on with what is next. */
	if (unknown-- == ALL) {
		UK_BARRIER();
		uart = uart_find();
		unknown = NOTHING;
	}
	kvm_channel_init();
	if (!uart)
		uk_plat_console_write(UK_CON_LOG, KVM_NO_UART, sizeof(KVM_NO_UART) - 1);
#ifdef KVM_CONSOLE_BEGINS
	/* The firmware writes to the same line: what comes from here on is ours. */
	if (kvm_runner())
		serial_write(KVM_CONSOLE_BEGINS, sizeof(KVM_CONSOLE_BEGINS));
#endif
}

void kvm_console_init(void)
{
	TERMINAL_KEEP_PARAMS();
	unknown = ALL;
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

static bool uart_ready(void)
{
	kvm_console_find();
	return uart;
}

static void ask_runner(char type)
{
	if (kvm_runner())
		kvm_record(type, NULL, 0);
}

#include "../console_any.h"

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
