/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration space: words from the platform, and what is built of them.
 */
#include "pci_priv.h"

#define CAP_FIRST 0x40
#define CAPS_MAX  48 /* of four bytes each in 192 */

uint32_t uk_pci_read32(const struct uk_pci_dev *d, unsigned reg)
{
	return uk_plat_pci_read(d->bdf, reg);
}

uint16_t uk_pci_read16(const struct uk_pci_dev *d, unsigned reg)
{
	return (uint16_t)(uk_plat_pci_read(d->bdf, reg & ~3U) >> 8 * (reg & 2));
}

uint8_t uk_pci_read8(const struct uk_pci_dev *d, unsigned reg)
{
	return (uint8_t)(uk_plat_pci_read(d->bdf, reg & ~3U) >> 8 * (reg & 3));
}

void uk_pci_write32(const struct uk_pci_dev *d, unsigned reg, uint32_t v)
{
	uk_plat_pci_write(d->bdf, reg, v);
}

/* The half beside COMMAND is STATUS, whose bits go away when they are written as one. */
void uk_pci_write16(const struct uk_pci_dev *d, unsigned reg, uint16_t v)
{
	unsigned at = reg & ~3U, shift = 8 * (reg & 2);
	uint32_t other =
		at == UK_PCI_COMMAND ? 0 : uk_plat_pci_read(d->bdf, at) & ~(0xffffU << shift);

	uk_plat_pci_write(d->bdf, at, other | (uint32_t)v << shift);
}

unsigned uk_pci_cap(const struct uk_pci_dev *d, unsigned id, unsigned after)
{
	unsigned at;

	if (!(uk_pci_read16(d, REG_STATUS) & STATUS_CAPS))
		return 0;
	at = uk_pci_read8(d, after ? after + 1 : REG_CAP) & ~3U;
	for (unsigned i = 0; i < CAPS_MAX && at >= CAP_FIRST; i++) {
		uint16_t head = uk_pci_read16(d, at);

		if ((head & 0xff) == id)
			return at;
		at = (head >> 8) & ~3U;
	}
	return 0;
}

int uk_pci_enable(struct uk_pci_dev *d)
{
	uint16_t command = uk_pci_read16(d, UK_PCI_COMMAND);

	for (unsigned i = 0; i < UK_PCI_BARS; i++)
		if (d->bar[i].size && d->bar[i].base)
			command |= d->bar[i].io ? COMMAND_IO : COMMAND_MEMORY;
	uk_pci_write16(d, UK_PCI_COMMAND, command | COMMAND_MASTER);
	return 0;
}

void uk_pci_disable(struct uk_pci_dev *d)
{
	uk_pci_write16(d, UK_PCI_COMMAND, COMMAND_NO_INTX);
}

volatile void *uk_pci_map(struct uk_pci_dev *d, unsigned bar, uint64_t offset, uint64_t len)
{
	const struct uk_pci_bar *b = &d->bar[bar];

	if (bar >= UK_PCI_BARS || b->io || !b->base || !len || offset >= b->size ||
	    len > b->size - offset)
		return NULL;
	return uk_plat_map_device(b->base + offset, len);
}
