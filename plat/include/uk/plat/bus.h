/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a machine has for drivers of devices beyond interrupt lines (uk/plat/irq.h): access to their
 * registers, the configuration space of PCI, interrupts that devices send as messages, and
 * devices that only the firmware knows of. With CONFIG_PLAT_BUSES, which buses select.
 *
 * A platform without devices has these functions too: they find nothing.
 */
#ifndef UK_PLAT_BUS_H
#define UK_PLAT_BUS_H

#include <uk/api.h>
#include <uk/essentials.h>

/* What the bridge to PCI forwards and nobody else uses: where devices without an address may go. */
struct uk_plat_pci {
	unsigned first_bus, last_bus;
	uint64_t mem32, mem32_end; /* below 4 GiB; empty if start == end */
	uint64_t mem64, mem64_end; /* above */
};

/* A device that sits on no bus (virtio-mmio). */
struct uk_plat_mmio {
	uk_paddr_t base;
	size_t size;
	unsigned irq; /* for uk_plat_irq_request() */
};

/* What a device writes to where, to interrupt (PCI 3.0 §6.8). */
struct uk_plat_msi {
	unsigned bdf; /* which device, as below; said by who asks for a message */
	uint64_t address;
	uint32_t data;
};

UK_API_BEGIN

/*
 * An address for device registers [pa, pa + len), any alignment: not cached, readable and writable, for
 * good. NULL: no memory for page tables. Thread context, at boot.
 */
volatile void *uk_plat_map_device(uk_paddr_t pa, size_t len);

/* Is there PCI? Then *pci says where. Thread context. */
bool uk_plat_pci(struct uk_plat_pci *pci);

/*
 * A word of the configuration space of function `bdf` (bus << 8 | device << 3 | function), at
 * `reg`, a multiple of 4 below 256. All ones where there is nothing. Thread context, one at a time.
 */
uint32_t uk_plat_pci_read(unsigned bdf, unsigned reg);
void uk_plat_pci_write(unsigned bdf, unsigned reg, uint32_t v);

/*
 * Has fn(arg) called in interrupt context, on CPU `cpu`, when a device sends the message *msi, which is
 * nobody else's. 0, -ENOSPC (all taken), -ENODEV: messages do not arrive here. Thread context, one
 * at a time.
 */
int uk_plat_msi_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi);

/* Gives it back; the device must not send it any more. Thread context. */
void uk_plat_msi_release(const struct uk_plat_msi *msi);

/* The first `max` of the machine's virtio-mmio devices, as the firmware tells; how many. Boot. */
unsigned uk_plat_virtio_mmio(struct uk_plat_mmio *list, unsigned max);

UK_API_END

#endif
