/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A 16550 UART whose registers lie in memory, as a device tree tells.
 */
#include <uk/arch/io.h>

#include "kvm.h"

static volatile uint8_t *uart;
static unsigned shift, width; /* registers: how far apart, how wide */
static int device;            /* in the tree */

static bool listens; /* somebody wants to hear of input */

static uint8_t get(unsigned reg)
{
	return (uint8_t)uk_mmio_read(uart + (reg << shift), width);
}

static void put(unsigned reg, uint8_t v)
{
	uk_mmio_write(uart + (reg << shift), width, v);
}

static void put_string(const char *s, size_t n)
{
	for (; n; n--)
		put(0, (uint8_t)*s++);
}

static bool listening(void)
{
	return listens;
}

#include "../uart16550.h"

void uart_write(const char *s, size_t n)
{
	uart16550_write(s, n);
}

bool uart_find(void)
{
	static const devtree_name names[] = { "reg-shift", "reg-io-width" };
	struct devtree_prop p[2];
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	device = devtree_console("ns16550a");
	if (device < 0 || !devtree_reg(device, &pa, &len))
		return false;
	devtree_props(device, names, p, 2);
	shift = devtree_number(&p[0], 0);
	width = devtree_number(&p[1], 1);
	if (shift > 2 || (width != 1 && width != 2 && width != 4) ||
	    (pa & UK_PAGE_MASK) + (8UL << shift) > UK_PAGE_SIZE)
		return false;
	page = boot_map_device(BOOT_FIXED_UART, pa & ~UK_PAGE_MASK);
	if (!page)
		return false;
	uart = page + (pa & UK_PAGE_MASK);
	/* The firmware has chosen the speed. */
	put(IER, 0);
	uart16550_on();
	return true;
}

void uart_drain(void)
{
	uart16550_drain();
}

int uart_read(void)
{
	return uart16550_read();
}

uint32_t uart_irq(void)
{
	return kvm_tree_irq(device);
}

void uart_listen(bool on)
{
	listens = on;
	put(IER, on ? IER_RX : 0);
}
