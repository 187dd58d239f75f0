/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A 16550 UART (ns16550.h). A break on the line is the end of input.
 */
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/spin.h>

#include "kvm.h"
#include "ns16550.h"

static volatile uint8_t *uart;
static unsigned shift, width; /* registers: how far apart, how wide */
static uint32_t line;         /* its interrupt */

static bool listening; /* somebody wants to hear of input */
static bool rx_break;  /* the line told of a break: what is in the FIFO is the last */
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
		if (listening)
			put(IER, IER_RX | IER_THRE);
	}
	return lsr;
}

void uart_write(const char *s, size_t n)
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
		for (n -= burst; burst; burst--)
			put(THR, (uint8_t)*s++);
#ifdef CONFIG_SMP
		uk_spin_unlock_restore(&fifo, irq);
#endif
	}
}

bool uart_find(void)
{
	static const devtree_name names[] = { "reg-shift", "reg-io-width", "interrupts" };
	int node = devtree_console("ns16550a");
	struct devtree_prop p[3];
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	if (node < 0 || !devtree_reg(node, &pa, &len))
		return false;
	devtree_props(node, names, p, 3);
	shift = devtree_number(&p[0], 0);
	width = devtree_number(&p[1], 1);
	if (shift > 2 || (width != 1 && width != 2 && width != 4) ||
	    (pa & UK_PAGE_MASK) + (8UL << shift) > UK_PAGE_SIZE)
		return false;
	page = boot_map_device(BOOT_FIXED_UART, pa & ~UK_PAGE_MASK);
	if (!page)
		return false;
	uart = page + (pa & UK_PAGE_MASK);
	line = devtree_number(&p[2], 0);
	/* The firmware has chosen the speed. */
	put(IER, 0);
	put(LCR, LCR_8N1);
	put(FCR, FCR_ON);
	put(MCR, MCR_ON);
	return true;
}

void uart_drain(void)
{
	while (!(line_status() & LSR_TEMT))
		uk_arch_relax();
}

int uart_read(void)
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

uint32_t uart_irq(void)
{
	return line;
}

void uart_listen(bool on)
{
	listening = on;
	put(IER, on ? IER_RX : 0);
}
