/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of devices, and those devices that only ACPI's byte code knows.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/string.h>

#include "devices.h"
#include "kvm.h"

struct found {
	struct uk_plat_mmio *list;
	unsigned n, max;
};

/*
 * Devices of id LNRO0005, as QEMU writes them: then a fixed piece of memory, 86 09 00 access address(4)
 * length(4), and an interrupt, 89 06 00 flags 01 line(4) (ACPI 6.4 §6.4.3.4, §6.4.3.6).
 */
static void scan(const uint8_t *t, size_t len, void *arg)
{
	struct found *f = arg;
	struct uk_plat_mmio d = { 0 };

	for (const uint8_t *p = t, *end = t + len; p + 12 <= end && f->n < f->max; p++) {
		if (*p == 'L' && !memcmp(p, "LNRO0005", 8)) {
			d = (struct uk_plat_mmio){ .size = 1 };
		} else if (d.size && *p == 0x86 && p[1] == 9 && !p[2]) {
			d.base = acpi_field(p, 4, 4);
			d.size = acpi_field(p, 8, 4);
		} else if (d.base && *p == 0x89 && p[1] == 6 && !p[2] && p[4] == 1) {
			d.irq = (unsigned)acpi_field(p, 5, 4);
			f->list[f->n++] = d;
			d = (struct uk_plat_mmio){ 0 };
		}
	}
}

unsigned uk_plat_virtio_mmio(struct uk_plat_mmio *list, unsigned max)
{
	struct found f = { .list = list, .max = max };

	acpi_visit("DSDT", scan, &f);
	return f.n;
}
