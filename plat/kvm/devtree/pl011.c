/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PL011 UART (Arm DDI 0183).
 *
 * QEMU lets a break push a byte out of a FIFO that is full. So with support/run the end of input is in the input: byte 16 begins an escape, as
 * on Xen's console; E is the end, D stands for that byte. Without it a break is the end.
 */
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/config.h>
#include <uk/spin.h>

#include "kvm.h"

enum { DR = 0x000, FR = 0x018, LCR_H = 0x02c, CR = 0x030, IMSC = 0x038, ICR = 0x044 };

#define DR_BREAK  0x400U
#define FR_BUSY   0x08U
#define FR_RXFE   0x10U
#define FR_TXFE   0x80U
#define LCR_H_ON  0x70U /* 8 bits, FIFOs */
#define CR_ON     0x301U
#define INT_RX    0x50U /* some bytes are there, or a few have waited */
#define INT_ALL   0x7ffU
#define FIFO_SIZE 16

#define ESCAPE 0x10

static volatile uint8_t *uart;
static int device; /* in the tree */
static bool in_escape, rx_end, asked;

bool uart_find(void)
{
	volatile uint8_t *page;
	uk_paddr_t pa;
	size_t len;

	device = devtree_console("arm,pl011");
	/* Where one is that is not told of well, or does not answer, is the first that there may be. */
	asked = device < 0;
	if (asked || !devtree_reg(device, &pa, &len) ||
	    (pa & UK_PAGE_MASK) + ICR + 4 > UK_PAGE_SIZE)
		return false;
	page = boot_map_device(BOOT_FIXED_UART, pa & ~UK_PAGE_MASK);
	if (!page)
		return false;
	uart = page + (pa & UK_PAGE_MASK);
	/* The firmware has chosen the speed, if there is one. */
	uk_mmio_write32(uart + IMSC, 0);
	uk_mmio_write32(uart + ICR, INT_ALL);
	uk_mmio_write32(uart + LCR_H, LCR_H_ON);
	uk_mmio_write32(uart + CR, CR_ON);
	return true;
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

		while (!(uk_mmio_read32(uart + FR) & FR_TXFE))
			uk_arch_relax();
		for (n -= burst; burst; burst--)
			uk_mmio_write32(uart + DR, (uint8_t)*s++);
#ifdef CONFIG_SMP
		uk_spin_unlock_restore(&fifo, irq);
#endif
	}
}

void kvm_firmware_write(const char *s, size_t n)
{
	if (asked)
		return;
	uart = boot_map_device(BOOT_FIXED_UART, BOOT_FIRST_UART);
	if (uart)
		uart_write(s, n);
}

void uart_drain(void)
{
	while (uk_mmio_read32(uart + FR) & FR_BUSY)
		uk_arch_relax();
}

int uart_read(void)
{
	while (!rx_end && !(uk_mmio_read32(uart + FR) & FR_RXFE)) {
		uint32_t c = uk_mmio_read32(uart + DR);
		bool escaped = in_escape;

		in_escape = false;
		if (c & DR_BREAK) {
			rx_end = true;
		} else if (escaped) {
			if ((uint8_t)c == 'D')
				return ESCAPE;
			rx_end = (uint8_t)c == 'E';
		} else if ((uint8_t)c == ESCAPE && kvm_runner()) {
			in_escape = true;
		} else {
			return (uint8_t)c;
		}
	}
	return rx_end ? UART_END : UART_EMPTY;
}

uint32_t uart_irq(void)
{
	return kvm_tree_irq(device);
}

void uart_listen(bool on)
{
	uk_mmio_write32(uart + IMSC, on ? INT_RX : 0);
}
