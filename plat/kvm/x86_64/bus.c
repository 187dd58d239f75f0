/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of devices, and those devices that only ACPI's byte code knows.
 */
#include <uk/errno.h>
#include <uk/plat/bus.h>
#include <uk/string.h>

#include "kvm.h"

/* Registers one after the other, at a random place: as random as the direct map's. */
#define VA_DEVICES (UK_VA_IMAGE + (5UL << 40))
#define LARGE      (2UL << 20)

static uintptr_t next; /* address behind all that is mapped */

/* The last that was mapped: small devices share a page. */
static uk_paddr_t last_pa;
static size_t last_len;
static uintptr_t last_va;

uintptr_t boot_devices(uintptr_t *end)
{
	*end = next;
	return VA_DEVICES + (uk_plat_direct_base & ((1UL << 39) - 1));
}

volatile void *uk_plat_map_device(uk_paddr_t pa, size_t len)
{
	uk_paddr_t start = UK_ALIGN_DOWN(pa, UK_PAGE_SIZE);
	size_t all = UK_ALIGN_UP(pa + len, UK_PAGE_SIZE) - start;
	uintptr_t end;

	if (start >= last_pa && all <= last_len && start - last_pa <= last_len - all)
		return (volatile char *)last_va + (pa - last_pa);
	if (!next)
		next = boot_devices(&end);
	if (all >= LARGE) /* large pages, if it has them */
		next += (start - next) & (LARGE - 1);
	if (uk_plat_map(next, start, all, UK_PROT_READ | UK_PROT_WRITE | UK_PROT_DEVICE))
		return NULL;
	last_pa = start;
	last_len = all;
	last_va = next;
	next += all;
	return (volatile char *)last_va + (pa - start);
}

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
