/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PVH: struct hvm_start_info (Xen public/arch-x86/hvm/start_info.h; the boot protocol that QEMU's
 * -kernel, Firecracker and Cloud Hypervisor share with Xen).
 */
#include <uk/print.h>

#include "boot.h"

#define PVH_MAGIC   0x336ec578
#define ENTRIES_MAX 1024

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memmap; /* from version 1 on */
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct module {
	uint64_t paddr;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

bool boot_is_pvh(uint32_t info)
{
	const struct start_info *si = boot_map(info, sizeof(si->magic), "boot information");

	return si->magic == PVH_MAGIC;
}

void boot_pvh(struct uk_bootinfo *bi, uint32_t info)
{
	const struct start_info *si = boot_map(info, sizeof(*si), "PVH start info");
	const struct memmap_entry *m;
	const struct module *mod;

	if (si->magic != PVH_MAGIC)
		uk_fatal("unknown boot protocol: what lies at %#x begins with %#x", info,
			 si->magic);
	bi->protocol = "pvh";
	bi->acpi_rsdp = si->rsdp;
	boot_cmdline(bi, si->cmdline);
	if (si->nr_modules) {
		mod = boot_map(si->modlist, sizeof(*mod), "PVH module list");
		boot_initrd(bi, mod->paddr, mod->size);
	}
#ifdef BOOT_PVH_MEMORY
	if (BOOT_PVH_MEMORY(bi))
		return;
#endif
	if (si->version < 1 || !si->memmap_entries || si->memmap_entries > ENTRIES_MAX)
		uk_fatal("PVH start info is corrupt: version %u with %u entries in the memory map",
			 si->version, si->memmap_entries);
	m = boot_map(si->memmap, si->memmap_entries * sizeof(*m), "PVH memory map");
	for (uint32_t i = 0; i < si->memmap_entries; i++)
		boot_memory(bi, m[i].addr, m[i].size, m[i].type);
}
