/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A UART that Xen emulates for a domain that it has started by itself, of which its console is (Linux Documentation/devicetree/bindings/
 * serial/arm_sbsa_uart.txt): a PL011 that is set up already. On a machine without Xen a PL011 takes the message that says so.
 */
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/plat/irq.h>

#include "machine.h"
#include "xen.h"

enum { DR = 0x000, FR = 0x018, IMSC = 0x038, ICR = 0x044 };

#define FR_RXFE 0x10U
#define FR_TXFF 0x20U
#define INT_RX  0x50U /* some bytes are there, or a few have waited */

bool xen_uart;

static volatile uint8_t *uart;
static uint32_t line; /* its interrupt */
static void (*on_input)(void *arg);

void xen_uart_find(void)
{
	int node = devtree_console("arm,sbsa-uart");
	uk_paddr_t pa;
	size_t len;

	if (node < 0)
		node = devtree_console("arm,pl011");
	if (node < 0 || !devtree_reg(node, &pa, &len) || (pa & UK_PAGE_MASK))
		return;
	uart = boot_map_device(BOOT_FIXED_UART, pa);
	xen_uart = uart;
	line = arm_tree_irq(node, 0);
}

void xen_uart_write(const char *s, size_t n)
{
	for (; n; n--) {
		while (uk_mmio_read32(uart + FR) & FR_TXFF)
			uk_arch_relax();
		uk_mmio_write32(uart + DR, (uint8_t)*s++);
	}
}

bool xen_uart_read(char *c)
{
	if (uk_mmio_read32(uart + FR) & FR_RXFE)
		return false;
	*c = (char)uk_mmio_read32(uart + DR);
	return true;
}

static void interrupt(void *arg)
{
	uk_mmio_write32(uart + ICR, INT_RX);
	on_input(arg);
}

int xen_uart_listen(void (*fn)(void *arg))
{
	int rc;

	on_input = fn;
	rc = uk_plat_irq_request(line, interrupt, NULL);
	if (!rc)
		uk_mmio_write32(uart + IMSC, INT_RX);
	return rc;
}
