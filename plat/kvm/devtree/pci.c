/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bridge to PCI whose configuration space is a piece of memory (ECAM: PCI Express Base §7.2.2), as the device tree tells
 * of it: which buses, which addresses it forwards, and which line of the interrupt controller each device has.
 *
 * Two things are not as devices say. No firmware has noted their lines: they are where it would have. And where messages do not
 * arrive, who could send them is shown without that ability: drivers then ask for the line.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

/* Registers of a function (PCI 3.0 §6.1), words. */
#define REG_STATUS 0x04
#define REG_HEADER 0x0c
#define REG_CAPS   0x34
#define REG_IRQ    0x3c

#define STATUS_CAPS (1U << 20)
#define HEADER_TYPE (0x7fU << 16) /* 0: a device */
#define CAP_MSIX    0x11
#define CAPS_MAX    48

#define BUS_SIZE (1UL << 20)

static volatile char *ecam; /* of bus 0, which need not be there */
static unsigned first, last;
static int bridge;

static void window(enum devtree_space space, uint64_t *start, uint64_t *end)
{
	struct devtree_window w;

	if (!devtree_window(bridge, space, &w))
		return;
	if (w.bus != w.pa) {
		uk_pr_warn("PCI: the window at %#lx is at %#lx for devices: not used", w.pa, w.bus);
		return;
	}
	*start = w.pa;
	*end = w.pa + w.len;
}

bool uk_plat_pci(struct uk_plat_pci *pci)
{
	uk_paddr_t pa;
	size_t len;

	memset(pci, 0, sizeof(*pci));
	bridge = devtree_pci();
	if (bridge < 0 || !devtree_reg(bridge, &pa, &len))
		return false;
	devtree_pci_buses(bridge, &first, &last);
	if (last < first || last > 255 || len / BUS_SIZE < last - first + 1 ||
	    (pa & (BUS_SIZE - 1))) {
		uk_pr_err("the device tree is corrupt: PCI's buses %u to %u in %lu bytes at %#lx",
			  first, last, len, pa);
		return false;
	}
	ecam = uk_plat_map_device(pa, (last - first + 1) * BUS_SIZE);
	if (!ecam)
		return false;
	ecam -= first * BUS_SIZE;
	pci->first_bus = first;
	pci->last_bus = last;
	window(DEVTREE_MEMORY, &pci->mem32, &pci->mem32_end);
	window(DEVTREE_MEMORY_64, &pci->mem64, &pci->mem64_end);
	return true;
}

static volatile char *word(unsigned bdf, unsigned reg)
{
	return ecam + ((unsigned long)bdf << 12) + reg;
}

static uint32_t read_word(unsigned bdf, unsigned reg)
{
	return uk_mmio_read32(word(bdf, reg));
}

/* Is there a capability at `reg`, and not something in the middle of one? */
static bool is_capability(unsigned bdf, unsigned reg)
{
	unsigned at = 0;

	if (read_word(bdf, REG_STATUS) & STATUS_CAPS)
		at = read_word(bdf, REG_CAPS) & 0xfc;
	for (unsigned n = 0; at >= 0x40 && at != reg && n < CAPS_MAX; n++)
		at = read_word(bdf, at) >> 8 & 0xfc;
	return at == reg;
}

/* As firmware would have noted it, of a device on the first bus. */
static uint32_t with_line(unsigned bdf, uint32_t v)
{
	unsigned pin = v >> 8 & 0xff, line = 0;

	if (pin && pin <= 4 && bdf >> 8 == first)
		line = kvm_tree_pci_irq(bridge, bdf, pin);
	return (v & ~0xffU) | (line < 256 ? line : 0);
}

uint32_t uk_plat_pci_read(unsigned bdf, unsigned reg)
{
	uint32_t v;

	if (bdf >> 8 < first || bdf >> 8 > last || kvm_channel_is(bdf))
		return ~0U;
	v = read_word(bdf, reg);
	if (reg == REG_IRQ && !(read_word(bdf, REG_HEADER) & HEADER_TYPE))
		return with_line(bdf, v);
	if (reg >= 0x40 && (v & 0xff) == CAP_MSIX && is_capability(bdf, reg) && !kvm_messages())
		return v & ~0xffU; /* the null capability */
	return v;
}

void uk_plat_pci_write(unsigned bdf, unsigned reg, uint32_t v)
{
	if (bdf >> 8 >= first && bdf >> 8 <= last && !kvm_channel_is(bdf))
		uk_mmio_write32(word(bdf, reg), v);
}
