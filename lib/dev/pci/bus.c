/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding devices: bus after bus, a bridge's when the bridge is met (§3.2.2.3, PCI-to-PCI Bridge 1.2).
 * Where the firmware has not numbered the buses, as on QEMU's microvm, we do. Then, drivers.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/print.h>

#include "pci_priv.h"

#define DEVICES_MAX 512 /* more than that is a bus that answers to everything */

UK_TABLE_DECLARE(const struct uk_pci_driver, pci_driver);

struct uk_pci_dev *uk_pci_devices;

static struct uk_pci_dev **tail = &uk_pci_devices;
static unsigned ndevices, last_bus, bus_limit;

static void scan_bus(unsigned bus, unsigned depth);

/* The BARs; memory is off meanwhile, since all ones may be an address of somebody else (§6.2.5.1). */
void pci_read_bars(struct uk_pci_dev *d, unsigned n)
{
	uint16_t command = uk_pci_read16(d, UK_PCI_COMMAND);

	uk_pci_write16(d, UK_PCI_COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY));
	for (unsigned i = 0; i < n; i++) {
		unsigned reg = REG_BAR + 4 * i;
		uint32_t low = uk_pci_read32(d, reg), mask;
		bool io = low & BAR_IO, wide = !io && (low & BAR_TYPE) == BAR_64;
		uint64_t base = low & (io ? ~3U : ~15U), size;

		if (wide && i + 1 == n)
			break;
		uk_pci_write32(d, reg, ~0U);
		mask = uk_pci_read32(d, reg) & (io ? ~3U : ~15U);
		uk_pci_write32(d, reg, low);
		size = mask ? (uint64_t)(mask & -mask) : 0;
		if (wide) {
			uint32_t high = uk_pci_read32(d, reg + 4);

			base |= (uint64_t)high << 32;
			if (!mask) { /* 4 GiB or more */
				uk_pci_write32(d, reg + 4, ~0U);
				mask = uk_pci_read32(d, reg + 4);
				uk_pci_write32(d, reg + 4, high);
				size = mask ? (uint64_t)(mask & -mask) << 32 : 0;
			}
			d->wide |= 1U << i;
		}
		d->bar[i] = (struct uk_pci_bar){ .base = base, .size = size, .io = io };
		i += wide;
	}
	uk_pci_write16(d, UK_PCI_COMMAND, command);
}

/* The bus behind a bridge: as the firmware says, or the next one. */
static void scan_bridge(struct uk_pci_dev *d, unsigned depth)
{
	uint32_t buses = uk_pci_read32(d, REG_BUSES);
	unsigned secondary = buses >> 8 & 0xff;
	unsigned me = d->bdf >> 8;

	if (secondary > me) {
		last_bus = UK_MAX(last_bus, buses >> 16 & 0xff);
		scan_bus(secondary, depth + 1);
		return;
	}
	if (last_bus >= bus_limit) {
		uk_pr_warn("%s: no bus number left for what is behind this bridge", d->name);
		return;
	}
	secondary = ++last_bus;
	d->bridge_bus = secondary;
	uk_pci_write32(d, REG_BUSES, me | secondary << 8 | 0xff << 16); /* all, until we know */
	scan_bus(secondary, depth + 1);
	uk_pci_write32(d, REG_BUSES, me | secondary << 8 | last_bus << 16);
}

static void found(unsigned bdf, uint32_t id, uint8_t header, unsigned depth)
{
	struct uk_pci_dev *d;

	if (++ndevices > DEVICES_MAX)
		return;
	d = uk_calloc(1, sizeof(*d));
	if (!d) {
		uk_pr_err("no memory for another device");
		return;
	}
	d->bdf = (uint16_t)bdf;
	uk_snprintf(d->name, sizeof(d->name), "pci %02x:%02x.%x", bdf >> 8, bdf >> 3 & 31, bdf & 7);
	d->vendor = (uint16_t)id;
	d->device = (uint16_t)(id >> 16);
	d->class_code = uk_pci_read32(d, REG_CLASS) >> 8;
	*tail = d;
	tail = &d->next;
	if ((header & HEADER_TYPE) == HEADER_BRIDGE) {
		pci_read_bars(d, 2);
		if (d->class_code >> 8 == CLASS_BRIDGE)
			scan_bridge(d, depth);
		return;
	}
	if (header & HEADER_TYPE)
		return; /* CardBus */
	id = uk_pci_read32(d, REG_SUBSYSTEM);
	d->subvendor = (uint16_t)id;
	d->subdevice = (uint16_t)(id >> 16);
	id = uk_pci_read32(d, REG_IRQ);
	d->irq_line = (uint8_t)id;
	d->irq_pin = (uint8_t)(id >> 8);
	pci_read_bars(d, UK_PCI_BARS);
}

static void scan_bus(unsigned bus, unsigned depth)
{
	if (depth > 16 || bus > bus_limit)
		return;
	for (unsigned slot = 0; slot < 32; slot++) {
		unsigned functions = 1;

		for (unsigned fn = 0; fn < functions; fn++) {
			unsigned bdf = bus << 8 | slot << 3 | fn;
			uint32_t id = uk_plat_pci_read(bdf, REG_ID);
			uint8_t header;

			if ((id & 0xffff) == 0xffff || !(id & 0xffff))
				continue;
			header = (uint8_t)(uk_plat_pci_read(bdf, REG_HEADER & ~3U) >> 16);
			if (!fn && header & HEADER_MULTI)
				functions = 8;
			found(bdf, id, header, depth);
		}
	}
}

static bool matches(const struct uk_pci_id *id, const struct uk_pci_dev *d)
{
	for (; id->vendor; id++)
		if ((id->vendor == UK_PCI_ANY || id->vendor == d->vendor) &&
		    (id->device == UK_PCI_ANY || id->device == d->device))
			return true;
	return false;
}

static void offer(struct uk_pci_dev *d)
{
	const struct uk_pci_driver *driver;

	uk_table_for_each(driver, pci_driver) {
		int rc = matches(driver->ids, d) ? driver->probe(d) : -ENODEV;

		if (!rc)
			d->driver = driver;
		if (rc != -ENODEV)
			break;
	}
	uk_pr_info("%s: %04x:%04x class %06x: %s", d->name, d->vendor, d->device, d->class_code,
		   d->driver ? d->driver->name : "no driver");
}

static int pci_start(void)
{
	struct uk_plat_pci pci;

	if (!uk_plat_pci(&pci))
		return 0;
	bus_limit = pci.last_bus;
	last_bus = pci.first_bus;
	scan_bus(pci.first_bus, 0);
	pci_place(&pci);
	for (struct uk_pci_dev *d = uk_pci_devices; d; d = d->next)
		offer(d);
	return 0;
}

UK_INIT(UK_INIT_DEV, "3", pci_start, NULL);
