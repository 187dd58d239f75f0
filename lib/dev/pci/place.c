/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses for devices. Firmware gives each one, but an image may boot without (microvm) or with one that
 * does not care for PCI. A range that has none, or one that it shares with another, goes to the end of what
 * the bridge forwards; who has one keeps it. Behind a bridge that nobody has set up, ranges come from a
 * window that is cut for it.
 *
 * I/O ports are not given out: no driver here uses them.
 */
#include <uk/print.h>

#include "pci_priv.h"

#define MIB         (1UL << 20)
#define WINDOW_SIZE (4 * MIB)

static struct uk_plat_pci window;

/*
 * The lowest start of what overlaps [base, base + size), 0 if nothing does. The window that is being filled,
 * and those around it, do not count: what holds all of `room`.
 */
static uint64_t in_the_way(uint64_t base, uint64_t size, const struct uk_pci_bar *room)
{
	uint64_t lowest = 0;

	for (const struct uk_pci_dev *d = uk_pci_devices; d; d = d->next)
		for (unsigned i = 0; i < UK_PCI_BARS; i++) {
			const struct uk_pci_bar *b = &d->bar[i];

			if (b->io || !b->size || !b->base || b->base >= base + size ||
			    base >= b->base + b->size || (lowest && b->base >= lowest))
				continue;
			if (b->base > room->base || b->base + b->size < room->base + room->size)
				lowest = b->base;
		}
	return lowest;
}

/* The highest free place of that size, which it is a multiple of, in [start, end); 0: there is none. */
static uint64_t take(uint64_t start, uint64_t end, uint64_t size)
{
	const struct uk_pci_bar room = { .base = start, .size = end - start };

	while (end > start && end - start >= size) {
		uint64_t base = UK_ALIGN_DOWN(end - size, size), other;

		if (base < start)
			break;
		other = in_the_way(base, size, &room);
		if (!other)
			return base;
		end = other;
	}
	return 0;
}

/* Firmware may know of windows that we do not: any address that a bus has counts. */
static bool placed(const struct uk_pci_bar *b)
{
	return b->base && b->base < (1UL << 52) && b->size <= (1UL << 52) - b->base;
}

static void write_bar(struct uk_pci_dev *d, unsigned i)
{
	unsigned reg = REG_BAR + 4 * i;

	uk_pci_write32(d, reg, (uint32_t)d->bar[i].base);
	if (d->wide & 1U << i)
		uk_pci_write32(d, reg + 4, (uint32_t)(d->bar[i].base >> 32));
}

static void place_device(struct uk_pci_dev *d, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < UK_PCI_BARS; i++) {
		struct uk_pci_bar *b = &d->bar[i];

		if (b->io || !b->size || placed(b))
			continue;
		b->base = take(start, end, UK_MAX(b->size, 4096UL));
		if (!b->base && d->wide & 1U << i && start == window.mem32)
			b->base = take(window.mem64, window.mem64_end, b->size);
		if (b->base)
			write_bar(d, i);
		else
			uk_pr_warn("%s: no address left for its registers (BAR %u, %lu KiB)",
				   d->name, i, (unsigned long)(b->size >> 10));
	}
}

/* Has the bridge forward [start, end), whole MiB. */
static void open_window(struct uk_pci_dev *bridge, uint64_t start, uint64_t end)
{
	uint16_t base = (uint16_t)(start >> 16 & 0xfff0);
	uint16_t limit = (uint16_t)((end - 1) >> 16 & 0xfff0);

	uk_pci_write32(bridge, REG_WINDOW, base | (uint32_t)limit << 16);
	uk_pci_write32(bridge, REG_WINDOW_PRE, 0x0000fff0); /* limit below base: closed */
	uk_pci_write32(bridge, REG_PRE_BASE_HI, 0);
	uk_pci_enable(bridge);
	uk_pci_write16(bridge, UK_PCI_COMMAND,
		       uk_pci_read16(bridge, UK_PCI_COMMAND) | COMMAND_MEMORY);
}

static void place_bus(unsigned bus, uint64_t start, uint64_t end)
{
	/* Windows first: they are the largest. */
	for (struct uk_pci_dev *d = uk_pci_devices; d; d = d->next) {
		uint64_t base, size;

		if (!d->bridge_bus || d->bdf >> 8 != bus)
			continue;
		size = UK_MIN(WINDOW_SIZE, (end - start) / 4);
		base = size >= MIB ? take(start, end, size) : 0;
		if (!base) {
			uk_pr_warn("%s: no addresses left for what is behind this bridge", d->name);
			continue;
		}
		/* As a range of the bridge's own, it keeps others out. It is none: bridges have two. */
		d->bar[UK_PCI_BARS - 1] = (struct uk_pci_bar){ .base = base, .size = size };
		open_window(d, base, base + size);
	}
	for (struct uk_pci_dev *d = uk_pci_devices; d; d = d->next)
		if (d->bdf >> 8 == bus)
			place_device(d, start, end);
}

void pci_place(const struct uk_plat_pci *pci)
{
	window = *pci;
	place_bus(pci->first_bus, pci->mem32, pci->mem32_end);
	/* A bus has a higher number than the bridge that leads to it, so its window is there by now. */
	for (struct uk_pci_dev *d = uk_pci_devices; d; d = d->next) {
		const struct uk_pci_bar *w = &d->bar[UK_PCI_BARS - 1];

		if (d->bridge_bus && w->size)
			place_bus(d->bridge_bus, w->base, w->base + w->size);
	}
	/* Behind bridges that the firmware has set up, it has placed devices as well. */
}
