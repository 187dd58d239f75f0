/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that sit on no bus, as the device tree tells of them.
 */
#include <uk/arch/paging.h>
#include <uk/plat/bus.h>

#include "devices.h"
#include "kvm.h"

unsigned uk_plat_virtio_mmio(struct uk_plat_mmio *list, unsigned max)
{
	unsigned n = 0;

	for (int node = -1; n < max && (node = devtree_next(node, "virtio,mmio")) >= 0;) {
		list[n].irq = kvm_tree_irq(node);
		n += list[n].irq && devtree_reg(node, &list[n].base, &list[n].size);
	}
	return n;
}
