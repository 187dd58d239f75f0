/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PCI and PCI Express: devices, their registers and interrupts, and the drivers that want them.
 *
 * A driver registers itself; when the machine boots (UK_INIT_DEV, priority 3, in a thread that may
 * block) each device that is found is offered to the drivers that name its ids, until one takes it:
 *
 *	static int probe(struct uk_pci_dev *d) { ... }
 *	static const struct uk_pci_id ids[] = { { 0x1af4, 0x1041 }, { 0 } };
 *	UK_PCI_DRIVER(my_driver, ids, probe);
 *
 * References are to PCI Local Bus 3.0. Unless a function says otherwise: thread context, at boot, one at a
 * time; nothing here blocks. What a device says of itself is checked before it is used.
 */
#ifndef UK_PCI_H
#define UK_PCI_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/table.h>

#define UK_PCI_ANY  0xffff
#define UK_PCI_BARS 6

/* Configuration registers that drivers may want (§6.1). */
#define UK_PCI_COMMAND  0x04
#define UK_PCI_REVISION 0x08

#define UK_PCI_CAP_VENDOR 0x09
#define UK_PCI_CAP_MSIX   0x11

/* A range of registers in memory; of I/O ports if `io`. Size 0: there is none. */
struct uk_pci_bar {
	uint64_t base;
	uint64_t size;
	bool io;
};

struct uk_pci_driver;

struct uk_pci_dev {
	char name[16]; /* "pci 00:03.0": bus, device, function; for messages */
	uint16_t bdf;
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* class << 16 | subclass << 8 | interface */
	struct uk_pci_bar bar[UK_PCI_BARS];
	const struct uk_pci_driver *driver; /* NULL: nobody wants it */
	void *data;                         /* the driver's */

	/* The library's. */
	struct uk_pci_dev *next;
	unsigned bridge_bus; /* what is behind it, if it is a bridge that nobody has set up */
	uint64_t wide;       /* bit n: BAR n has 64 bits */
	uint8_t irq_pin, irq_line;
	unsigned msix_cap, msix_count; /* 0: none */
	volatile char *msix_table;     /* NULL: off */
	struct uk_pci_line *line;      /* in use */
};

struct uk_pci_id {
	uint16_t vendor, device; /* UK_PCI_ANY; a vendor of 0 ends the list */
};

struct uk_pci_driver {
	const char *name;
	const struct uk_pci_id *ids;
	/* 0: the device is the driver's. -ENODEV: offer it to others. Else it is not usable; the driver has said why. */
	int (*probe)(struct uk_pci_dev *d);
};

#define UK_PCI_DRIVER(name_, ids_, probe_)                                                         \
	static const UK_TABLE_ROOT(struct uk_pci_driver, pci_driver, "5",                          \
				   uk_pci_driver_##name_) = { .name = #name_,                      \
							      .ids = (ids_),                       \
							      .probe = (probe_) }

UK_API_BEGIN

/* All devices, in the order in which they were found; NULL: none. Any context after boot. */
extern struct uk_pci_dev *uk_pci_devices;

/* Registers of the configuration space, at any `reg` that is a multiple of the size. */
uint8_t uk_pci_read8(const struct uk_pci_dev *d, unsigned reg);
uint16_t uk_pci_read16(const struct uk_pci_dev *d, unsigned reg);
uint32_t uk_pci_read32(const struct uk_pci_dev *d, unsigned reg);
void uk_pci_write16(const struct uk_pci_dev *d, unsigned reg, uint16_t v);
void uk_pci_write32(const struct uk_pci_dev *d, unsigned reg, uint32_t v);

/*
 * The next capability of kind `id` (§6.7) behind the one at `after` (0: the first): where it is, 0 if
 * there is none. A list that is a loop or leads out of the space ends.
 */
unsigned uk_pci_cap(const struct uk_pci_dev *d, unsigned id, unsigned after);

/*
 * Has the device answer at its addresses and let it reach memory (as a bus master). 0.
 */
int uk_pci_enable(struct uk_pci_dev *d);

/* It reaches memory no more, and does not interrupt. */
void uk_pci_disable(struct uk_pci_dev *d);

/*
 * [offset, offset + len) of BAR `bar`, mapped for good. NULL: no such range of memory, or no memory for
 * page tables.
 */
volatile void *uk_pci_map(struct uk_pci_dev *d, unsigned bar, uint64_t offset, uint64_t len);

/* ---- interrupts ---- */

/* How many messages of its own the device can send (MSI-X, §6.8.2): 0 if none. Switches them on. */
unsigned uk_pci_msix_start(struct uk_pci_dev *d);

/*
 * fn(arg) is called in interrupt context on CPU `cpu` when the device sends its message `vector`.
 * 0, -EINVAL (no such vector), -ENOSPC (the machine's vectors are taken), -ENODEV.
 */
int uk_pci_msix_request(struct uk_pci_dev *d, unsigned vector, void (*fn)(void *arg), void *arg,
			uint32_t cpu);

/*
 * For devices without: fn(arg) is called in interrupt context when the line that the device shares with
 * others is raised. It asks the device, and quiets it. 0, -ENODEV (it has none, or the firmware has not said
 * which), -ENOMEM, and errors of uk_plat_irq_request().
 */
int uk_pci_irq_request(struct uk_pci_dev *d, void (*fn)(void *arg), void *arg);

UK_API_END

#endif
