/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files in ../devtree ask of this CPU: how the device tree tells of interrupts is in plat/common.
 */
#include "kvm.h"

uint32_t kvm_tree_irq(int node)
{
	return arm_tree_irq(node, 0);
}

unsigned kvm_tree_pci_irq(int node, unsigned bdf, unsigned pin)
{
	struct devtree_prop p;

	return devtree_pci_irq(node, bdf, pin, &p) ? arm_tree_prop_irq(&p, 0) : 0;
}

size_t plat_more_seed(void *buf, size_t n)
{
	size_t done = arm_cpu_seed(buf, n);

	return done + kvm_channel_seed((char *)buf + done, n - done);
}

void plat_wander(void)
{
	arm_read(midr_el1);
}

uk_nsec plat_rtc_now(void)
{
	return arm_rtc_now();
}
