/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console's 16550 UART: a part of the file that knows how its registers are reached, and before this has
 *
 *	get(reg) put(reg, v)  read a register, and write it
 *	put_string(s, n)      write n bytes to THR
 *	listening()           does somebody want to hear of input?
 *
 * Output waits for the FIFO to be empty and fills it. A break on the line is the end of input.
 */
#ifndef KVM_UART16550_H
#define KVM_UART16550_H

#include <uk/arch/relax.h>
#include <uk/config.h>
#include <uk/spin.h>

#include "ns16550.h"
#include "uart.h"

static bool rx_break; /* the line told of a break: what is in the FIFO is the last */
static bool rx_end;

/* The speed has been chosen. */
static inline void uart16550_on(void)
{
	put(LCR, LCR_8N1);
	put(FCR, FCR_ON);
	put(MCR, MCR_ON);
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
		if (listening())
			put(IER, IER_RX | IER_THRE);
	}
	return lsr;
}

static inline void uart16550_write(const char *s, size_t n)
{
	while (n) {
		size_t burst = UK_MIN(n, (size_t)FIFO_SIZE);
#ifdef CONFIG_SMP
		/* Two CPUs that find the FIFO empty must not both fill it. */
		static struct uk_spinlock fifo;
		bool irq = uk_spin_lock_save(&fifo);
#endif

		while (!(line_status() & LSR_THRE))
			uk_arch_relax();
		put_string(s, burst);
#ifdef CONFIG_SMP
		uk_spin_unlock_restore(&fifo, irq);
#endif
		s += burst;
		n -= burst;
	}
}

/* Waits until the last bit is out. */
static inline void uart16550_drain(void)
{
	while (!(line_status() & LSR_TEMT))
		uk_arch_relax();
}

/* A byte; UART_EMPTY; UART_END: it was the last, and this is said again. */
static inline int uart16550_read(void)
{
	uint8_t c;

	if (rx_end)
		return UART_END;
	if (!(line_status() & LSR_DR)) {
		rx_end = rx_break;
		return rx_end ? UART_END : UART_EMPTY;
	}
	c = get(RBR);
	/* A break puts a 0 into the FIFO, unless that is full. */
	if (rx_break && !c && !(line_status() & LSR_DR)) {
		rx_end = true;
		return UART_END;
	}
	return c;
}

#endif
