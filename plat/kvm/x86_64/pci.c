/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How PCI's configuration space is reached: a piece of memory that ACPI names (ECAM: PCI Firmware 3.0
 * §4.1.2, PCI Express Base §7.2.2), one access each; or the two ports of every PC (PCI 3.0 §3.2.2.3.2).
 * And which addresses the bridge forwards: from the byte code, or what memory leaves free below 4 GiB.
 */
#include <uk/plat/bootinfo.h>
#include <uk/plat/bus.h>
#include <uk/boot.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000U

#define MCFG_SIZE    60 /* header, 8 reserved, and the first entry */
#define MCFG_BASE    44
#define MCFG_SEGMENT 52
#define MCFG_FIRST   54
#define MCFG_LAST    55
#define BUS_SIZE     (1UL << 20)

#define HOLE_END 0xfec00000UL /* I/O APIC */
#define HOLE_MIN 0x10000000UL

static volatile char *ecam; /* of bus 0, which need not be there */
static unsigned ecam_first, ecam_last;

/*
 * Where there is no such table, as on microvm, the bridge says it: method _CBA (PCI Firmware 3.0 §4.1.3)
 * returns a constant, "_CBA" 00 a4, 0c value(4) or 0e value(8). The buses are a resource, 88 0d 00 02
 * flags(2) granularity first last, of two bytes each (ACPI 6.4 §6.4.3.5.3).
 */
static void scan_base(const uint8_t *t, size_t len, void *arg)
{
	uint64_t *base = arg;

	ecam_last = 255;
	for (size_t i = 0; i + 16 <= len; i++) {
		if (t[i] == '_' && !memcmp(t + i, "_CBA\0\xa4", 6))
			*base = t[i + 6] == 0x0c   ? acpi_field(t, (unsigned)i + 7, 4)
				: t[i + 6] == 0x0e ? acpi_field(t, (unsigned)i + 7, 8)
						   : 0;
		else if (*base && t[i] == 0x88 && t[i + 1] == 13 && !t[i + 2] && t[i + 3] == 2) {
			ecam_first = t[i + 8];
			ecam_last = t[i + 10];
			return;
		}
	}
}

static bool find_ecam(void)
{
	uint8_t mcfg[MCFG_SIZE];
	size_t len = acpi_read("MCFG", mcfg, sizeof(mcfg));
	uint64_t base = 0;

	if (len >= sizeof(mcfg) && !acpi_field(mcfg, MCFG_SEGMENT, 2)) {
		base = acpi_field(mcfg, MCFG_BASE, 8);
		ecam_first = mcfg[MCFG_FIRST];
		ecam_last = mcfg[MCFG_LAST];
	} else if (!len) {
		acpi_visit("DSDT", scan_base, &base);
	}
	if (!base)
		return false;
	if (base & (BUS_SIZE - 1) || base >> 46 || ecam_last < ecam_first) {
		uk_pr_err("ACPI's address of the PCI configuration space is corrupt: ignored");
		return false;
	}
	ecam = uk_plat_map_device(base + ecam_first * BUS_SIZE,
				  (ecam_last - ecam_first + 1) * BUS_SIZE);
	ecam = ecam ? ecam - ecam_first * BUS_SIZE : NULL;
	return ecam;
}

static bool find_ports(void)
{
	uk_outl(PORT_ADDRESS, ENABLE);
	return uk_inl(PORT_ADDRESS) == ENABLE;
}

/*
 * Memory ranges among the resources of the bridge: 87 17 00 00 flags(2) granularity minimum maximum
 * translation length, of four bytes each, and 8a 2b 00 00 with eight (ACPI 6.4 §6.4.3.5). The largest of each.
 */
static void scan(const uint8_t *t, size_t len, void *arg)
{
	struct uk_plat_pci *pci = arg;

	for (size_t i = 0; i + 46 <= len; i++) {
		bool wide = t[i] == 0x8a && t[i + 1] == 0x2b;
		unsigned w = wide ? 8 : 4;
		uint64_t start, end;

		if ((!wide && (t[i] != 0x87 || t[i + 1] != 0x17)) || t[i + 2] || t[i + 3])
			continue;
		start = acpi_field(t, (unsigned)i + 6 + w, w);
		end = acpi_field(t, (unsigned)i + 6 + 2 * w, w) + 1;
		if (start >= end || start < (1UL << 20) || end >> 52)
			continue;
		if (end <= 1UL << 32 && end - start > pci->mem32_end - pci->mem32) {
			pci->mem32 = start;
			pci->mem32_end = end;
		} else if (start >= 1UL << 32 && end - start > pci->mem64_end - pci->mem64) {
			pci->mem64 = start;
			pci->mem64_end = end;
		}
	}
}

/* Behind all that the loader reported below the I/O APIC. */
static void find_hole(struct uk_plat_pci *pci)
{
	const struct uk_bootinfo *bi = uk_bootinfo;
	uint64_t start = 0;

	for (unsigned i = 0; i < bi->nregions; i++) {
		uint64_t end = bi->regions[i].start + bi->regions[i].len;

		if (end <= HOLE_END && end > start)
			start = end;
	}
	start = UK_ALIGN_UP(start, 1UL << 20);
	if (start < HOLE_END && HOLE_END - start >= HOLE_MIN) {
		pci->mem32 = start;
		pci->mem32_end = HOLE_END;
	}
}

bool uk_plat_pci(struct uk_plat_pci *pci)
{
	memset(pci, 0, sizeof(*pci));
	if (!find_ecam() && !find_ports())
		return false;
	pci->first_bus = ecam ? ecam_first : 0;
	pci->last_bus = ecam ? ecam_last : 255;
	acpi_visit("DSDT", scan, pci);
	if (pci->mem32 == pci->mem32_end)
		find_hole(pci);
	return true;
}

static volatile char *ecam_word(unsigned bdf, unsigned reg)
{
	return ecam + ((unsigned long)bdf << 12) + reg;
}

uint32_t uk_plat_pci_read(unsigned bdf, unsigned reg)
{
	if (ecam)
		return bdf >> 8 >= ecam_first && bdf >> 8 <= ecam_last
			       ? uk_mmio_read32(ecam_word(bdf, reg))
			       : ~0U;
	uk_outl(PORT_ADDRESS, ENABLE | bdf << 8 | reg);
	return uk_inl(PORT_DATA);
}

void uk_plat_pci_write(unsigned bdf, unsigned reg, uint32_t v)
{
	if (ecam) {
		if (bdf >> 8 >= ecam_first && bdf >> 8 <= ecam_last)
			uk_mmio_write32(ecam_word(bdf, reg), v);
		return;
	}
	uk_outl(PORT_ADDRESS, ENABLE | bdf << 8 | reg);
	uk_outl(PORT_DATA, v);
}
