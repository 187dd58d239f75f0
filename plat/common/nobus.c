/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A platform without buses (a process, a Xen domain): drivers that are in the image as well find none.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/plat/console.h>

volatile void *uk_plat_map_device(uk_paddr_t pa UK_UNUSED, size_t len UK_UNUSED)
{
	return NULL;
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

unsigned uk_plat_virtio_mmio(struct uk_plat_mmio *list UK_UNUSED, unsigned max UK_UNUSED)
{
	return 0;
}

/* Nobody has one to offer. */
void uk_plat_console_use(const struct uk_plat_console_port *port UK_UNUSED)
{
}
