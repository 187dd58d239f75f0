/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts that devices send by writing to a frame beside the GIC, which raises the line of that number (Arm Server Base System
 * Architecture 3.1, appendix E: GICv2m).
 */
#include <uk/arch/io.h>
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/plat/irq.h>

#include "kvm.h"
#include "machine.h"

#define MSI_TYPER  0x008 /* the first line, from bit 16 on, and how many */
#define MSI_SETSPI 0x040

static uk_paddr_t frame;
static unsigned first, count;

bool kvm_v2m_find(void)
{
	int node = devtree_next(-1, "arm,gic-v2m-frame");
	volatile uint8_t *page;
	uk_paddr_t pa;
	uint32_t type;
	size_t len;

	if (node < 0 || !devtree_reg(node, &pa, &len) || len < UK_PAGE_SIZE)
		return false;
	page = uk_plat_map_device(pa, UK_PAGE_SIZE);
	if (!page)
		return false;
	type = uk_mmio_read32(page + MSI_TYPER);
	first = type >> 16 & 0x3ff;
	count = type & 0x3ff;
	frame = pa;
	return true;
}

int kvm_v2m_request(void (*fn)(void *arg), void *arg, uint32_t cpu, struct uk_plat_msi *msi)
{
	int rc = -EBUSY;
	unsigned n;

	for (n = first; rc == -EBUSY && n < first + count; n++)
		rc = arm_gic_request(n | ARM_IRQ_EDGE, fn, arg, cpu);
	if (rc)
		return rc == -EBUSY || rc == -EINVAL ? -ENOSPC : rc;
	msi->address = frame + MSI_SETSPI;
	msi->data = n - 1;
	return 0;
}

void kvm_v2m_release(const struct uk_plat_msi *msi)
{
	arm_gic_release(msi->data);
}
