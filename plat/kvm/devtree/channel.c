/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runner's side channel, which keeps kernel messages, standard error, crash reports and the exit status apart from the
 * console: a 16550 on the PCI bus (QEMU's pci-serial), the last device of bus 0. Records go to it as on x86_64 through a port.
 * Nobody has given it an address yet when we come: it gets the last ones of the bus's window for ports.
 *
 * What the host has of randomness comes the same way, where a CPU has no instruction for it.
 */
#include <uk/arch/io.h>
#include <uk/arch/relax.h>
#include <uk/plat/clock.h>
#include <uk/spin.h>
#include <uk/string.h>

#include "../ns16550.h"
#include "kvm.h"

#define SLOT 31U

/* Configuration registers of a PCI device (PCI 3.0 §6.1), and how far apart devices are (PCIe 4.0 §7.2.2). */
#define PCI_ID         0x00
#define PCI_COMMAND    0x04
#define PCI_BAR0       0x10
#define PCI_COMMAND_IO 1U
#define ECAM_SLOT      0x8000U
#define PCI_SERIAL     0x00021b36U /* QEMU docs/specs/pci-serial.txt */
#define PORTS          8U

#define PATIENCE (100 * UK_NSEC_PER_MS) /* with a host that is busy */

static volatile uint8_t *side; /* NULL: nobody listens */

bool kvm_runner(void)
{
	kvm_console_find();
	return side;
}

void kvm_channel_init(void)
{
	volatile uint8_t *config, *p;
	struct devtree_window ports;
	int node = devtree_pci();
	uk_paddr_t ecam, pa;
	size_t len;

	if (node < 0 || !devtree_reg(node, &ecam, &len) || (ecam & UK_PAGE_MASK) ||
	    len < (SLOT + 1) * ECAM_SLOT)
		return;
	config = boot_map_device(BOOT_FIXED_SIDE_CONFIG, ecam + SLOT * ECAM_SLOT);
	if (!config || uk_mmio_read32(config + PCI_ID) != PCI_SERIAL ||
	    !devtree_window(node, DEVTREE_PORTS, &ports) || ports.len < PORTS)
		return;
	pa = ports.pa + ports.len - PORTS;
	p = boot_map_device(BOOT_FIXED_SIDE, pa & ~UK_PAGE_MASK);
	if (!p)
		return;
	uk_mmio_write32(config + PCI_BAR0, (uint32_t)(ports.bus + ports.len - PORTS));
	uk_mmio_write32(config + PCI_COMMAND, PCI_COMMAND_IO);
	p += pa & UK_PAGE_MASK;
	uk_mmio_write8(p + IER, 0);
	uk_mmio_write8(p + LCR, LCR_8N1);
	uk_mmio_write8(p + FCR, FCR_ON);
	uk_mmio_write8(p + MCR, MCR_ON);
	uk_mmio_read8(p + RBR); /* what came before is gone: more can come */
	side = p;
}

bool kvm_channel_is(unsigned bdf)
{
	return bdf == SLOT << 3 && kvm_runner();
}

static void wait_for(uint8_t status)
{
	while (!(uk_mmio_read8(side + LSR) & status))
		uk_arch_relax();
}

void kvm_channel_flush(void)
{
	if (side)
		wait_for(LSR_TEMT);
}

static void write_out(const char *s, size_t n)
{
	while (n) {
		size_t burst = UK_MIN(n, (size_t)FIFO_SIZE);

		wait_for(LSR_THRE);
		for (n -= burst; burst; burst--)
			uk_mmio_write8(side + THR, (uint8_t)*s++);
	}
}

void kvm_record(char type, const char *s, size_t n)
{
	static struct uk_spinlock lock;
	bool irq = uk_spin_lock_save(&lock); /* records must not mix */

	do {
		size_t len = UK_MIN(n, (size_t)UINT16_MAX);
		char head[3] = { type, (char)len, (char)(len >> 8) };

		write_out(head, sizeof(head));
		write_out(s, len);
		s += len;
		n -= len;
	} while (n);
	uk_spin_unlock_restore(&lock, irq);
}

/* The runner has sent it, and it comes by 16 bytes at a time. */
size_t kvm_channel_seed(void *buf, size_t n)
{
	static struct uk_spinlock lock;
	uint8_t *p = buf, *end = p + n;
	uk_nsec until;
	bool irq;

	if (!n || !kvm_runner())
		return 0;
	irq = uk_spin_lock_save(&lock);
	until = uk_plat_clock_monotonic() + PATIENCE;
	while (p < end) {
		if (uk_mmio_read8(side + LSR) & LSR_DR)
			*p++ = uk_mmio_read8(side + RBR);
		else if (uk_plat_clock_monotonic() < until)
			uk_arch_relax();
		else
			break;
	}
	uk_spin_unlock_restore(&lock, irq);
	return n - (size_t)(end - p);
}
