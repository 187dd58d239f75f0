/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Linux 64-bit boot protocol: struct boot_params, the "zero page" (Linux
 * Documentation/arch/x86/boot.rst and zero-page.rst). Firecracker enters an ELF image this way.
 */
#include <uk/print.h>

#include "boot.h"
#include "kvm.h"

#define ZERO_PAGE_SIZE 4096
#define HEADER_MAGIC   0x53726448 /* "HdrS" */

enum {
	RSDP = 0x070,
	EXT_RAMDISK_IMAGE = 0x0c0,
	EXT_RAMDISK_SIZE = 0x0c4,
	EXT_CMD_LINE_PTR = 0x0c8,
	E820_ENTRIES = 0x1e8,
	HEADER = 0x202,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	E820_TABLE = 0x2d0,
};

#define E820_SIZE 20
#define E820_MAX  128

static uint64_t wide(const void *bp, unsigned low, unsigned high)
{
	return acpi_field(bp, low, 4) | acpi_field(bp, high, 4) << 32;
}

void boot_linux64(struct uk_bootinfo *bi, uint32_t info)
{
	const char *bp = boot_map(info, ZERO_PAGE_SIZE, "Linux boot parameters");
	unsigned n = (unsigned)acpi_field(bp, E820_ENTRIES, 1);

	if (acpi_field(bp, HEADER, 4) != HEADER_MAGIC || !n || n > E820_MAX)
		uk_fatal("Linux boot parameters at %#x are corrupt: magic %#lx, %u entries in the "
			 "memory map",
			 info, acpi_field(bp, HEADER, 4), n);
	bi->protocol = "linux64";
	bi->acpi_rsdp = acpi_field(bp, RSDP, 8);
	boot_cmdline(bi, wide(bp, CMD_LINE_PTR, EXT_CMD_LINE_PTR));
	boot_initrd(bi, wide(bp, RAMDISK_IMAGE, EXT_RAMDISK_IMAGE),
		    wide(bp, RAMDISK_SIZE, EXT_RAMDISK_SIZE));
	for (unsigned i = 0; i < n; i++) {
		const char *e = bp + E820_TABLE + i * E820_SIZE;

		boot_memory(bi, acpi_field(e, 0, 8), acpi_field(e, 8, 8),
			    (uint32_t)acpi_field(e, 16, 4));
	}
}
