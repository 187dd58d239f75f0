/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that sit on no bus, as the device tree tells of them. PCI is not here yet.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/plat/console.h>

#include "kvm.h"

#define VA_DEVICES        RISCV_VA_DEVICES
#define VA_DEVICES_RANDOM RISCV_VA_DEVICES_RANDOM
#include "devices.h"

unsigned uk_plat_virtio_mmio(struct uk_plat_mmio *list, unsigned max)
{
	unsigned n = 0;

	for (int node = -1; n < max && (node = devtree_next(node, "virtio,mmio")) >= 0;) {
		list[n].irq = kvm_tree_irq(node);
		n += list[n].irq && devtree_reg(node, &list[n].base, &list[n].size);
	}
	return n;
}

bool uk_plat_pci(struct uk_plat_pci *pci UK_UNUSED)
{
	return false;
}

uint32_t uk_plat_pci_read(unsigned bdf UK_UNUSED, unsigned reg UK_UNUSED)
{
	return ~0U;
}

void uk_plat_pci_write(unsigned bdf UK_UNUSED, unsigned reg UK_UNUSED, uint32_t v UK_UNUSED)
{
}

int uk_plat_msi_request(void (*fn)(void *arg) UK_UNUSED, void *arg UK_UNUSED,
			uint32_t cpu UK_UNUSED, struct uk_plat_msi *msi UK_UNUSED)
{
	return -ENODEV;
}

void uk_plat_msi_release(const struct uk_plat_msi *msi UK_UNUSED)
{
}
