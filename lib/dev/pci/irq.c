/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: messages (MSI-X, §6.8.2), each with an entry of 16 bytes in a table in one of the
 * device's BARs: address, data, and a bit that masks it; or the line that the firmware has noted.
 */
#include <uk/alloc.h>
#include <uk/arch/io.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/irq.h>
#include <uk/print.h>

#include "pci_priv.h"

#define MSIX_CONTROL 2 /* offsets in the capability */
#define MSIX_TABLE   4
#define MSIX_ENABLE  0x8000
#define MSIX_ALL_OFF 0x4000
#define MSIX_COUNT   0x07ff

#define ENTRY         16
#define ENTRY_DATA    8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED  1U

#define LINES 64

/* Devices share lines, each with whoever is wired to it: all are asked. */
struct uk_pci_line {
	void (*fn)(void *arg);
	void *arg;
	struct uk_pci_line *next;
};

static struct uk_pci_line *lines[LINES];

unsigned uk_pci_msix_start(struct uk_pci_dev *d)
{
	unsigned cap = uk_pci_cap(d, UK_PCI_CAP_MSIX, 0), count, bar;
	uint32_t where;
	uint16_t control;

	if (d->msix_table)
		return d->msix_count;
	if (!cap)
		return 0;
	control = uk_pci_read16(d, cap + MSIX_CONTROL);
	where = uk_pci_read32(d, cap + MSIX_TABLE);
	count = (control & MSIX_COUNT) + 1U;
	bar = where & 7;
	d->msix_table = bar < UK_PCI_BARS ? uk_pci_map(d, bar, where & ~7U, count * ENTRY) : NULL;
	if (!d->msix_table) {
		uk_pr_warn("%s: its table of messages (MSI-X) is not in its registers: not used",
			   d->name);
		return 0;
	}
	d->msix_cap = cap;
	d->msix_count = count;
	uk_pci_write16(d, cap + MSIX_CONTROL, (uint16_t)(control | MSIX_ENABLE | MSIX_ALL_OFF));
	for (unsigned i = 0; i < count; i++)
		uk_mmio_write32(d->msix_table + i * ENTRY + ENTRY_CONTROL, ENTRY_MASKED);
	uk_pci_write16(d, cap + MSIX_CONTROL, (uint16_t)((control | MSIX_ENABLE) & ~MSIX_ALL_OFF));
	uk_pci_write16(d, UK_PCI_COMMAND, uk_pci_read16(d, UK_PCI_COMMAND) | COMMAND_NO_INTX);
	return count;
}

int uk_pci_msix_request(struct uk_pci_dev *d, unsigned vector, void (*fn)(void *arg), void *arg,
			uint32_t cpu)
{
	volatile char *entry = d->msix_table + (size_t)vector * ENTRY;
	struct uk_plat_msi msi = { .bdf = d->bdf };
	int rc;

	if (!d->msix_table || vector >= d->msix_count)
		return -EINVAL;
	rc = uk_plat_msi_request(fn, arg, cpu, &msi);
	if (rc)
		return rc;
	uk_mmio_write32(entry + ENTRY_CONTROL, ENTRY_MASKED);
	uk_mmio_write32(entry, (uint32_t)msi.address);
	uk_mmio_write32(entry + 4, (uint32_t)(msi.address >> 32));
	uk_mmio_write32(entry + ENTRY_DATA, msi.data);
	uk_mmio_write32(entry + ENTRY_CONTROL, 0);
	return 0;
}

static void line_raised(void *arg)
{
	struct uk_pci_line **line = arg;

	for (struct uk_pci_line *l = __atomic_load_n(line, __ATOMIC_ACQUIRE); l; l = l->next)
		l->fn(l->arg);
}

int uk_pci_irq_request(struct uk_pci_dev *d, void (*fn)(void *arg), void *arg)
{
	struct uk_pci_line *l, **line = &lines[d->irq_line % LINES];
	int rc;

	if (!d->irq_pin || !d->irq_line || d->irq_line >= LINES)
		return -ENODEV;
	l = uk_malloc(sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct uk_pci_line){ .fn = fn, .arg = arg, .next = *line };
	__atomic_store_n(line, l, __ATOMIC_RELEASE);
	d->line = l;
	if (l->next)
		return 0;
	rc = uk_plat_irq_request(d->irq_line, line_raised, line);
	if (rc) {
		*line = NULL;
		d->line = NULL;
		uk_free(l);
	}
	return rc;
}
